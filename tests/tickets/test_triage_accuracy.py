"""Corrections by people measure the triage (capability C03)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.events import run_consumers
from crm.insights.models import TriageDay
from crm.insights.services import rebuild_day_counts
from crm.insights.triage import measure
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.models import Ticket
from tickets.services import editing, intake, merging
from tickets.triage.accuracy import Accuracy

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C03")]


def suggested(make_ticket: Any, text: str, category: str, was: str = "") -> Ticket:
    """A ticket of a category, for which `was` (else the same) had been suggested."""
    ticket = make_ticket(text, category=category)
    Ticket.objects.filter(pk=ticket.pk).update(suggested_category=was or category)
    return Ticket.objects.get(pk=ticket.pk)


def counted() -> Accuracy:
    run_consumers()
    return measure()


def test_precision_and_recall_by_category(desk: Desk, make_ticket: Callable[..., Ticket], agent: User) -> None:
    tickets = [suggested(make_ticket, f"快递{n}", "物流") for n in range(4)]
    suggested(make_ticket, "退款", "退款")
    assert counted().right == 5
    editing.edit(ticket=tickets[0], actor=agent, changes={"category": "退款"})
    found = counted()
    assert (found.n, found.right, found.share) == (5, 4, 0.8)
    rows = {row.category: (row.precision, row.recall) for row in found.classes}
    assert rows == {"物流": (0.75, 1.0), "退款": (1.0, 0.5)}


def test_merged_tickets_are_left_out_and_counting_anew_gives_the_same(
    desk: Desk, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    given = {"customer": intake.CustomerGiven(phone="13800138000")}
    kept = make_ticket("快递没到", category="物流", **given)
    twice, other = (make_ticket(f"快递还没到{n}", category="物流", **given) for n in range(2))
    Ticket.objects.update(suggested_category="物流")
    merging.merge(source=twice, target=kept, actor=agent)
    back = merging.merge(source=other, target=kept, actor=agent)
    merging.unmerge(merge=back, actor=agent)
    editing.edit(ticket=kept, actor=agent, changes={"category": "退款"})
    found = counted()
    assert (found.n, found.right) == (2, 1)
    before = list(TriageDay.objects.exclude(value=0).values_list("day", "suggested", "chosen", "value"))
    rebuild_day_counts()
    assert list(TriageDay.objects.exclude(value=0).values_list("day", "suggested", "chosen", "value")) == before


def test_nothing_to_compare_is_a_dash_not_a_zero(desk: Desk, lead: User, client: Client) -> None:
    assert (measure().share, measure().interval) == (None, None)
    client.force_login(lead)
    assert "还没有可比较的工单" in client.get("/triage/").content.decode()


def test_who_may_look(desk: Desk, agent: User, lead: User, client: Client, make_ticket: Any) -> None:
    suggested(make_ticket, "快递", "物流")
    run_consumers()
    client.force_login(agent)
    assert client.get("/triage/").status_code == 403
    client.force_login(lead)
    assert "物流" in client.get("/triage/").content.decode()
