"""The mail behind a message: for who may see the ticket and personal data in full, and written down."""

from typing import Any

import pytest

from core.events import Event
from crm.staff.models import User
from tests.tickets.mails import mail
from tests.workbench.conftest import browser, text
from tickets.models import Ticket
from tickets.services.email import receive_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B03")]

FIRST = mail("坏了")
SECOND = mail("补充", message_id="<m2@qq.com>", headers={"In-Reply-To": "<m1@qq.com>"})


@pytest.fixture
def ticket(desk: Any) -> Ticket:
    receive_mail(FIRST)
    receive_mail(SECOND)
    return Ticket.objects.get()


def address(ticket: Ticket, place: int) -> str:
    return f"/desk/messages/{ticket.messages.all()[place].pk}/original/"


@pytest.mark.parametrize(("place", "raw"), [(0, FIRST), (1, SECOND)])
def test_the_original_is_downloaded_and_written_down(ticket: Ticket, agent: User, place: int, raw: bytes) -> None:
    answer = browser(agent).get(address(ticket, place))
    assert (answer.status_code, answer.content) == (200, raw)
    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    seen = Event.objects.get(kind="personal_data.revealed")
    assert (seen.actor_id, seen.payload["field"]) == (agent.pk, "payload")
    assert ticket.number in seen.payload["reason"]


def test_who_may_not_see_the_ticket_or_full_data_gets_nothing(
    ticket: Ticket, other_agent: User, auditor: User, agent: User
) -> None:
    assert browser(other_agent).get(address(ticket, 0)).status_code == 404
    assert browser(auditor).get(address(ticket, 0)).status_code == 403
    assert not Event.objects.filter(kind="personal_data.revealed").exists()
    assert "/original/" not in text(browser(auditor).get(f"/desk/{ticket.number}/"))
    assert address(ticket, 0) in text(browser(agent).get(f"/desk/{ticket.number}/"))


def test_other_messages_have_no_original(make_ticket: Any, agent: User) -> None:
    ticket = make_ticket()
    assert browser(agent).get(address(ticket, 0)).status_code == 404
