"""Recalls: who is concerned, duties of law, notices exactly once under concurrency, progress."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.calendars.services import load_public_holidays
from core.errors import Conflict, InvalidInput, NotAllowed
from core.outbox import OutboxItem
from core.timers import fire_due
from crm.staff.models import User
from customers import outreach
from customers.models import Customer, Order, OrderItem, Outreach, Recall, RecallOrder, Shop
from customers.recalls import progress, running
from customers.recalls.scope import scope_of
from customers.services import create_customer
from tests.core.concurrency import in_threads

NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN: dict[str, Any] = {
    "title": "暖手宝",
    "sku": "HEAT",
    "batches": ["B1"],
    "reason": "充电时可能过热",
    "our_role": "seller",
    "remedy": "refund",
    "instructions": "停止使用，回复本消息安排上门取件",
    "channels": ["email"],
    "discovered_at": NOON,
}


def sell(
    customers: list[Customer], *, batch: str, at: datetime, status: str = "signed", sku: str = "HEAT", prefix: str = "O"
) -> list[Order]:
    shop, _new = Shop.objects.get_or_create(key="own", defaults={"name": "官网", "platform": "own"})
    orders = Order.objects.bulk_create(
        Order(
            order_no=f"{prefix}-{batch or 'none'}-{customer.pk}",
            shop=shop,
            customer=customer,
            status=status,
            ordered_at=at,
            total=Decimal(89),
            paid=Decimal(89),
        )
        for customer in customers
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=order, sku=sku, name="暖手宝", quantity=1, price=Decimal(89), batch=batch) for order in orders
    )
    return orders


def people(count: int, **values: Any) -> list[Customer]:
    """Customers that were always here, with a mail address each."""
    return Customer.objects.bulk_create(
        Customer(name=f"客户{number}", email=f"c{number}@example.com", **values) for number in range(count)
    )


@pytest.fixture
def sold(db: None) -> dict[str, list[Order]]:
    """Batch B1 in October, unknown batches around it, batch B2 after it."""
    load_public_holidays()
    crowd = people(5)
    first, last = NOON - 40 * DAY, NOON - 30 * DAY
    return {
        "b1": sell(crowd[:1], batch="B1", at=first) + sell(crowd[1:2], batch="B1", at=last),
        "unknown": sell(crowd[2:3], batch="", at=first + DAY),
        "after": sell(crowd[3:4], batch="B2", at=last + DAY) + sell(crowd[4:5], batch="", at=last + DAY, prefix="L"),
        "cancelled": sell(crowd[3:4], batch="B1", at=first, status="cancelled", prefix="X"),
    }


def start(actor: User, **values: Any) -> Recall:
    with clock.at(NOON):
        recall = running.create_recall(actor=actor, values=PLAN | values)
        return running.start_recall(recall=recall, actor=actor)


def tell_all(recall: Recall) -> None:
    with clock.at(NOON):
        while running.notify_some(recall_id=recall.pk):
            pass


@pytest.mark.capability("D11")
def test_only_what_was_sold_of_the_batch_is_concerned(sold: dict[str, list[Order]], supervisor: User) -> None:
    scope = scope_of(sku="HEAT", batches=["B1"])
    assert (scope.orders, scope.customers, scope.units, scope.unknown) == (2, 2, 2, 1)
    recall = start(supervisor)
    assert {row.order_id for row in recall.orders.all()} == {order.pk for order in sold["b1"]}


@pytest.mark.capability("D11")
def test_orders_without_a_batch_are_taken_in_by_name_but_not_those_of_later(
    sold: dict[str, list[Order]], supervisor: User
) -> None:
    recall = start(supervisor, includes_unknown=True)
    concerned = {row.order_id: row.is_unknown for row in recall.orders.all()}
    assert concerned == {order.pk: False for order in sold["b1"]} | {order.pk: True for order in sold["unknown"]}


@pytest.mark.capability("D11")
def test_an_unknown_batch_says_so_and_makes_no_recall(sold: dict[str, list[Order]], supervisor: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        start(supervisor, batches=["B1", "B77"])
    assert refused.value.code == "unknown_batch"
    assert "B77" in refused.value.message
    assert "B2" in refused.value.message
    with pytest.raises(InvalidInput) as product:
        start(supervisor, sku="NONE")
    assert product.value.code == "unknown_product"
    assert not Recall.objects.exists()


@pytest.mark.capability("D11")
def test_duties_by_role_run_from_the_discovery_in_working_days(sold: dict[str, list[Order]], supervisor: User) -> None:
    recall = start(supervisor, is_serious=True, our_role="producer", discovered_at=NOON - DAY)
    duties = {duty.rule: duty for duty in recall.duties.all()}
    assert set(duties) == {"S-01", "S-04", "S-05", "S-06"}
    assert duties["S-01"].due_at == NOON - DAY
    # Discovered on a Sunday: Monday and Tuesday are the two working days.
    assert clock_date(duties["S-04"].due_at) == date(2026, 11, 18)
    assert not duties["S-05"].is_enabled
    assert not duties["S-05"].is_certain
    done = running.change_duty(duty=duties["S-01"], actor=supervisor, done=True)
    with pytest.raises(Conflict):
        running.change_duty(duty=done, actor=supervisor, done=True)


def clock_date(moment: datetime) -> date:
    """The local day that a moment at midnight begins."""
    return (moment + timedelta(hours=8)).date()


@pytest.mark.capability("D11")
@pytest.mark.django_db(transaction=True)
def test_fifty_workers_tell_every_customer_exactly_once(supervisor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 orders in small: chunks of twenty, and customers whose two orders fall to different workers."""
    monkeypatch.setattr(running, "CHUNK", 20)
    load_public_holidays()
    crowd = people(120)
    sell(crowd, batch="B1", at=NOON - 9 * DAY)
    sell(crowd[:40], batch="B1", at=NOON - 8 * DAY, prefix="again")
    recall = start(supervisor)
    assert recall.orders.count() == 160
    in_threads(50, lambda: tell_all(recall))
    told = Outreach.objects.about("recall", recall.pk)
    assert told.count() == told.values("customer").distinct().count() == 120
    assert OutboxItem.objects.filter(kind="outreach").count() == 120
    tell_all(recall)
    assert OutboxItem.objects.filter(kind="outreach").count() == 120


@pytest.mark.capability("D11")
def test_the_timer_tells_and_a_second_start_is_refused(sold: dict[str, list[Order]], supervisor: User) -> None:
    recall = start(supervisor)
    fire_due(now=NOON + timedelta(seconds=1))
    assert RecallOrder.objects.filter(recall=recall, asked_at=None).count() == 0
    assert Outreach.objects.about("recall", recall.pk).count() == 2
    with pytest.raises(Conflict):
        running.start_recall(recall=recall, actor=supervisor)


@pytest.mark.capability("D11")
def test_every_channel_that_reaches_is_used_and_who_is_reached_by_none_is_called(
    sold: dict[str, list[Order]], supervisor: User, agent: User
) -> None:
    silent = create_customer(actor=agent, changes={"name": "周敏", "phone": "13900139000"})
    sell([silent], batch="B1", at=NOON - 35 * DAY)
    recall = start(supervisor, channels=["conversation", "email"])
    tell_all(recall)
    told = Outreach.objects.about("recall", recall.pk)
    assert sorted(told.values_list("channel", "status")) == [
        ("email", "waiting"),
        ("email", "waiting"),
        ("phone", "by_hand"),
    ]


@pytest.mark.capability("D11")
@pytest.mark.capability("F18")
def test_a_drill_tells_nobody(sold: dict[str, list[Order]], supervisor: User) -> None:
    recall = start(supervisor, is_drill=True)
    tell_all(recall)
    assert not OutboxItem.objects.filter(kind="outreach").exists()
    assert progress.progress_of(recall).notified == 2


@pytest.mark.capability("D11")
def test_progress_goes_from_notified_to_remedied(
    sold: dict[str, list[Order]], supervisor: User, agent: User, auditor: User
) -> None:
    recall = start(supervisor)
    tell_all(recall)
    assert progress.progress_of(recall).shares() == {"notified": 0, "reached": 0, "returned": 0, "remedied": 0}
    row = Outreach.objects.about("recall", recall.pk).order_by("pk")[0]
    Outreach.objects.filter(pk=row.pk).update(status="sent")
    assert progress.progress_of(recall).notified == 1
    other = recall.orders.exclude(order__customer=row.customer_id).get()
    for step in ("reached", "returned", "remedied"):
        progress.mark_order(recall_order=other, actor=agent, step=step)
    found = progress.progress_of(recall)
    assert (found.notified, found.reached, found.returned, found.remedied) == (2, 1, 1, 1)
    assert found.shares()["remedied"] == 0.5
    with pytest.raises(NotAllowed):
        progress.mark_order(recall_order=other, actor=auditor, step="returned")
    with pytest.raises(InvalidInput):
        progress.mark_order(recall_order=other, actor=agent, step="pending")


def test_who_does_not_want_contact_is_told_of_a_recall(sold: dict[str, list[Order]], supervisor: User) -> None:
    Customer.objects.filter(pk=sold["b1"][0].customer_id).update(do_not_contact_at=NOON)
    recall = start(supervisor)
    tell_all(recall)
    assert set(Outreach.objects.about("recall", recall.pk).values_list("status", flat=True)) == {"waiting"}


def test_it_ends_with_a_conclusion_when_everybody_is_told(sold: dict[str, list[Order]], supervisor: User) -> None:
    recall = start(supervisor)
    with pytest.raises(Conflict):
        running.close_recall(recall=recall, actor=supervisor, conclusion="完成")
    tell_all(recall)
    with pytest.raises(InvalidInput):
        running.close_recall(recall=recall, actor=supervisor, conclusion=" ")
    assert running.close_recall(recall=recall, actor=supervisor, conclusion="全部退款").status == "closed"
    assert outreach.call_off(ids=[], actor=supervisor) == 0
