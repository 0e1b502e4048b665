"""Abuse over the API: reported, relieved, decided; the same rules as on the page (B21)."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from crm.staff.models import User
from crm.staff.services import issue_token
from tests.scripts_library.factories import make_script
from tickets.models import Ticket
from tickets.services import transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B21")]


def client(user: User) -> APIClient:
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=user, name='t', actor=user)[1]}")
    return found


def test_the_whole_way_of_a_report(
    make_ticket: Callable[..., Ticket], agent: User, supervisor: User, auditor: User, lead: User
) -> None:
    make_script(author=lead, reviewer=supervisor, key="CALM-01", topic="恶意攻击", body="请先冷静一下。")
    ticket = make_ticket("你们都是骗子")
    transitions.assign(ticket=ticket, actor=agent)
    person, head = client(agent), client(supervisor)
    assert person.get("/api/v1/abuse-reports/calm-exit/").json()[0]["key"] == "CALM-01"
    body = {"ticket": ticket.number, "note": "来电 13800138000 辱骂"}
    made = person.post("/api/v1/abuse-reports/", body, format="json")
    assert (made.status_code, made.json()["state"], made.json()["is_intact"]) == (201, "reported", True)
    address = f"/api/v1/abuse-reports/{made.json()['id']}/"
    assert person.post("/api/v1/abuse-reports/", body, format="json").status_code == 409
    assert person.post(f"{address}relief/").json()["relieved_at"] is not None
    wrong = head.post(f"{address}confirm/", {"days": 366}, format="json")
    assert (wrong.status_code, "days" in wrong.json()["fields"]) == (400, True)
    assert head.post(f"{address}reject/", {"reason": " "}, format="json").status_code == 400
    confirmed = head.post(f"{address}confirm/", {"days": 30, "reason": "属实"}, format="json").json()
    assert (confirmed["state"], confirmed["flagged_until"] is not None) == ("confirmed", True)
    assert head.post(f"{address}reject/", {"reason": "又不是"}, format="json").status_code == 409
    assert "13800138000" not in client(auditor).get(address).content.decode()
    assert len(head.get(f"/api/v1/abuse-reports/?ticket={ticket.number}&state=confirmed").json()["results"]) == 1
