"""Service disruptions: orders chosen, updates told once, a plan applied once for each order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput
from core.timers import fire_due
from crm.staff.models import User
from customers.disruptions import running
from customers.disruptions.plans import plan_amount
from customers.models import Disruption, DisruptionOrder, Outreach
from tests.customers.test_recalls import people, sell

NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN: dict[str, Any] = {
    "title": "杭州仓停电",
    "reason": "杭州仓停电，发货延迟两天",
    "statuses": ["paid"],
    "ordered_from": NOON - 3 * DAY,
    "ordered_to": NOON,
    "plan": "share",
    "share": Decimal("0.1"),
    "cap": Decimal(5),
    "alternatives": ["改发其他仓", "取消订单并全额退款"],
}


def start(actor: User, **values: Any) -> Disruption:
    with clock.at(NOON):
        made = running.create_disruption(actor=actor, values=PLAN | values)
        return running.start_disruption(disruption=made, actor=actor)


@pytest.mark.parametrize(
    ("plan", "paid", "given", "expected"),
    [
        ("fixed", "89", {"amount": Decimal(10)}, "10.00"),
        ("fixed", "6", {"amount": Decimal(10)}, "6.00"),
        ("share", "89", {"share": Decimal("0.1")}, "8.90"),
        ("share", "89", {"share": Decimal("0.1"), "cap": Decimal(5)}, "5.00"),
        ("share", "0.05", {"share": Decimal("0.1")}, "0.01"),
        ("none", "89", {}, "0.00"),
    ],
)
@pytest.mark.capability("D21")
def test_the_plan_gives_no_more_than_paid_and_cap(
    plan: str, paid: str, given: dict[str, Decimal], expected: str
) -> None:
    known: dict[str, Any] = {"amount": None, "share": None, "cap": None} | given
    assert plan_amount(plan=plan, paid=Decimal(paid), **known) == Decimal(expected)


@pytest.mark.capability("D21")
@pytest.mark.django_db
def test_orders_are_chosen_and_every_customer_hears_an_update_once(supervisor: User) -> None:
    crowd = people(3)
    sell(crowd[:2], batch="", at=NOON - DAY, status="paid")
    sell(crowd[:1], batch="", at=NOON - DAY, status="paid", prefix="again")
    sell(crowd[2:], batch="", at=NOON - 9 * DAY, status="paid")
    row = start(supervisor)
    assert row.orders.count() == 3
    with clock.at(NOON):
        running.publish_update(disruption=row, actor=supervisor, text="预计明早恢复发货。")
    fire_due(now=NOON + timedelta(seconds=1))
    told = Outreach.objects.about("disruption", row.pk)
    assert {one.customer_id for one in told} == {crowd[0].pk, crowd[1].pk}
    assert told.count() == 2
    assert all("取消订单并全额退款" in one.body for one in told)


@pytest.mark.capability("D21")
@pytest.mark.django_db
def test_the_plan_is_applied_once(supervisor: User) -> None:
    sell(people(4), batch="", at=NOON - DAY, status="paid")
    row = start(supervisor)
    assert running.apply_plan(disruption=row, actor=supervisor) == Decimal("20.00")
    with pytest.raises(Conflict) as refused:
        running.apply_plan(disruption=row, actor=supervisor)
    assert refused.value.code == "plan_applied"
    assert set(DisruptionOrder.objects.values_list("amount", flat=True)) == {Decimal("5.00")}


@pytest.mark.capability("D21")
@pytest.mark.django_db
def test_the_customer_chooses_among_what_was_published(supervisor: User, agent: User) -> None:
    sell(people(1), batch="", at=NOON - DAY, status="paid")
    [order] = start(supervisor).orders.all()
    with pytest.raises(InvalidInput):
        running.choose_alternative(disruption_order=order, actor=agent, choice="送我一辆车")
    assert running.choose_alternative(disruption_order=order, actor=agent, choice="改发其他仓").chosen_at is not None


@pytest.mark.capability("D21")
@pytest.mark.django_db
def test_what_concerns_nobody_or_gives_nothing_is_refused(supervisor: User) -> None:
    with pytest.raises(Conflict):
        start(supervisor)
    sell(people(1), batch="", at=NOON - DAY, status="paid")
    with pytest.raises(InvalidInput) as refused:
        start(supervisor, plan="fixed", amount=None)
    assert "amount" in refused.value.fields
