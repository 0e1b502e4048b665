"""What a disruption's plan gave is money in the ledger: booked once, paid once, reconciled (D21, D10)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.errors import Conflict
from core.events import Event, record_events, run_consumers
from core.events.recording import EventData
from crm.insights.statistics import budgets
from crm.insights.statistics.costs import CostsAsked
from crm.staff.models import User
from customers.disruptions import running
from customers.models import Disruption, Shop
from tests.customers.test_recalls import DAY, NOON, people, sell
from tests.workbench.conftest import browser, text
from tickets.models import Compensation
from tickets.services import compensations, plan_payouts, reconciliation

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D21", "D10")]


@pytest.fixture
def applied(supervisor: User) -> Disruption:
    """Four orders of 89 yuan, 5 yuan given to each."""
    sell(people(4), batch="", at=NOON - DAY, status="paid")
    values: dict[str, Any] = {
        "title": "仓库停电", "reason": "停电", "plan": "fixed", "amount": Decimal(5), "statuses": ["paid"],
        "ordered_from": NOON - 2 * DAY, "ordered_to": NOON,
    }  # fmt: skip
    with clock.at(NOON):
        row = running.create_disruption(actor=supervisor, values=values)
        running.start_disruption(disruption=row, actor=supervisor)
        running.apply_plan(disruption=row, actor=supervisor)
    return row


def test_every_order_is_booked_once_however_often_it_is_heard(applied: Disruption, supervisor: User) -> None:
    run_consumers()
    assert Compensation.objects.count() == 4
    row = Compensation.objects.select_related("disruption_order__order").first()
    assert row is not None
    assert (row.ticket, row.amount, row.status, row.granted_by, row.decided_at) == (
        None, Decimal(5), "granted", supervisor, NOON,
    )  # fmt: skip
    again = EventData(kind=running.APPLIED, subject_type="disruption", subject_id=applied.pk, actor=supervisor)
    record_events([again])
    run_consumers()
    assert Compensation.objects.count() == 4
    assert Event.objects.filter(kind=plan_payouts.BOOKED).count() == 1
    with pytest.raises(Conflict):
        running.apply_plan(disruption=applied, actor=supervisor)


def test_it_is_paid_once_reconciled_and_counted_as_cost(
    applied: Disruption, supervisor: User, agent: User, admin_user: User
) -> None:
    run_consumers()
    row = Compensation.objects.order_by("pk")[0]
    for _twice in range(2):
        compensations.pay(compensation=row, actor=supervisor, reference="B-1")
    found = reconciliation.report(user=supervisor, start=NOON - DAY, end=NOON + DAY, statement={"B-1": Decimal(5)})
    assert {(one.status, one.count, one.amount) for one in found.totals} == {("paid", 1, 5), ("granted", 3, 15)}
    assert not [one for one in found.differences if one.code == "missing_here"]
    assert not reconciliation.report(user=agent, start=NOON - DAY, end=NOON + DAY).lines
    asked = CostsAsked.of({"from": "2026-11-16", "to": "2026-11-16", "shop": "own"})
    assert asked.compensations(supervisor).count() == 4
    shop = Shop.objects.get(key="own")
    assert budgets.spent_in((NOON + timedelta(0)).date().replace(day=1), shop.pk) == 20


def test_pages_and_api_show_it_without_a_ticket(applied: Disruption, supervisor: User) -> None:
    run_consumers()
    client = browser(supervisor)
    rows = client.get("/api/v1/compensations/").json()["results"]
    assert {(row["ticket"], row["ticket_number"]) for row in rows} == {(None, None)}
    assert rows[0]["order_no"]
    paid = client.post(f"/api/v1/compensations/{rows[0]['id']}/pay/", {"reference": "B-2"}, "application/json")
    assert paid.json()["status"] == "paid"
    page = text(client.get("/reports/costs/rows/?from=2026-11-16&to=2026-11-16"))
    assert "仓库停电" in page
    assert "已打款 1 笔" in text(client.get(f"/disruptions/{applied.pk}/"))


def test_a_drill_costs_nothing(applied: Disruption) -> None:
    Disruption.objects.update(is_drill=True)
    run_consumers()
    assert not Compensation.objects.exists()
