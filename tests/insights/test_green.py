"""Repair, trade-in, recycling and green packaging are counted with their share; what is tried out is apart (D18)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.errors import InvalidInput
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.tickets.aftersales import apply, place_order
from tests.workbench.conftest import browser, desk, make_ticket, text
from tickets.models import NormBreach
from tickets.services.aftersales import overdue

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("D18"), pytest.mark.usefixtures("desk", "frozen")]


@pytest.fixture
def wishes(make_ticket: Any, agent: User) -> list[Any]:
    """A return in its own wrapping, a repair, an exchange with trade-in, and a virtual repair."""
    found = []
    for number, (kind, more) in enumerate(
        [
            ("return_refund", {"green": "packaging"}),
            ("repair", {"reason": "quality", "details": {"fault": "不亮"}}),
            ("exchange", {"reason": "quality", "details": {"replacement_sku": "D2"}, "green": "trade_in"}),
            ("repair", {"reason": "quality", "details": {"fault": "不亮"}, "experiment": "virtual_repair"}),
        ]
    ):
        ticket = make_ticket(f"售后 {number}", order_no=f"TB{number}")
        found.append(apply(ticket, agent, place_order(ticket, no=f"TB{number}"), kind=kind, has_evidence=True, **more))
    return found


def test_an_option_must_go_with_the_outcome(make_ticket: Any, agent: User) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    for wrong in ({"green": "trade_in"}, {"experiment": "moon"}):
        with pytest.raises(InvalidInput) as refused:
            apply(ticket, agent, order, **wrong)
        assert set(refused.value.fields) == set(wrong)


def test_what_is_tried_out_breaks_no_norm(wishes: list[Any]) -> None:
    ordinary, tried = wishes[0], wishes[3]
    for request in (ordinary, tried):
        overdue.record(request, state="applied", due_at=request.due_at)
    assert list(NormBreach.objects.values_list("aftersales", flat=True)) == [ordinary.pk]


def test_people_and_systems_read_the_share(wishes: list[Any], lead: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=lead, name='t', actor=lead)[1]}")
    found = client.get("/api/v1/green-share/").json()
    assert found["n"] == 3
    assert {line["key"]: line["count"] for line in found["lines"]} == {
        "repair": 1,
        "trade_in": 1,
        "recycle": 0,
        "packaging": 1,
    }
    assert found["lines"][0]["share"] == pytest.approx(1 / 3)
    assert {line["key"]: line["count"] for line in found["experiments"]} == {"virtual_try": 0, "virtual_repair": 1}
    assert client.get("/api/v1/green-share/?from=x").status_code == 400
    person = browser(lead)
    page = text(person.get("/reports/green/"))
    assert "33.3%" in page
    rows = text(person.get("/aftersales/?tab=all&experiment=virtual_repair"))
    assert "试验 虚拟维修" in rows
    assert client.get("/api/v1/after-sales/?green=packaging").json()["results"][0]["id"] == wishes[0].pk


def test_the_customer_reads_the_green_options(wishes: list[Any], client: Any) -> None:
    page = client.post("/track/", {"number": wishes[0].ticket.number, "phone_tail": "8000"}).content.decode()
    assert "以旧换新" in page
    assert "可循环的包装寄回" in page
