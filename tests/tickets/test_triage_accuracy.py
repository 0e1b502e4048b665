"""Corrections by people measure the triage (capability C03)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.models import Ticket
from tickets.services import editing
from tickets.triage.accuracy import measure

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C03")]


def suggested(ticket: Ticket, category: str) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(suggested_category=category, category=category)
    return Ticket.objects.get(pk=ticket.pk)


def test_precision_and_recall_by_category(desk: Desk, make_ticket: Callable[..., Ticket], agent: User) -> None:
    tickets = [suggested(make_ticket(f"快递{n}"), "物流") for n in range(4)]
    suggested(make_ticket("退款"), "退款")
    editing.edit(ticket=tickets[0], actor=agent, changes={"category": "退款"})
    found = measure()
    assert (found.n, found.right, found.share) == (5, 4, 0.8)
    rows = {row.category: (row.precision, row.recall) for row in found.classes}
    assert rows == {"物流": (0.75, 1.0), "退款": (1.0, 0.5)}


def test_nothing_to_compare_is_a_dash_not_a_zero(desk: Desk, lead: User, client: Client) -> None:
    assert (measure().share, measure().interval) == (None, None)
    client.force_login(lead)
    assert "还没有可比较的工单" in client.get("/triage/").content.decode()


def test_who_may_look(desk: Desk, agent: User, lead: User, client: Client, make_ticket: Any) -> None:
    suggested(make_ticket("快递"), "物流")
    client.force_login(agent)
    assert client.get("/triage/").status_code == 403
    client.force_login(lead)
    assert "物流" in client.get("/triage/").content.decode()
