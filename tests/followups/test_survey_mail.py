"""Who wrote by mail gets the survey link by mail, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as sent

from core import clock
from core.outbox import OutboxItem, deliver_due
from crm.followups.models import SurveyInvitation
from crm.followups.services import cancel_surveys, survey_url
from tests.tickets.mails import mail
from tickets.models import Ticket
from tickets.services.email import receive_mail

pytestmark = pytest.mark.django_db
Solve = Callable[[Ticket], Ticket]


@pytest.fixture
def ticket(desk: Any) -> Ticket:
    return Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)


def _surveys() -> Any:
    return OutboxItem.objects.filter(kind="survey_email")


@pytest.mark.capability("I01")
def test_the_link_is_sent_once(ticket: Ticket, solve: Solve) -> None:
    solve(ticket)
    url = survey_url(SurveyInvitation.objects.get())
    deliver_due()
    (letter,) = [one for one in sent.outbox if url and url in one.body]
    assert letter.to == ["zhang.san@qq.com"]
    assert letter.message()["Auto-Submitted"] == "auto-generated"
    assert letter.message()["In-Reply-To"] == "<m1@qq.com>"


def test_what_waits_does_not_hold_the_link(ticket: Ticket, solve: Solve) -> None:
    solve(ticket)
    assert _surveys().get().payload == {"survey": SurveyInvitation.objects.get().pk}


def test_no_link_to_who_asked_not_to_be_contacted(ticket: Ticket, solve: Solve) -> None:
    ticket.customer.do_not_contact_at = clock.now()
    ticket.customer.save()
    solve(ticket)
    assert not _surveys().exists()


def test_no_mail_to_who_wrote_elsewhere(make_ticket: Callable[..., Ticket], solve: Solve) -> None:
    solve(make_ticket())
    assert SurveyInvitation.objects.exists()
    assert not _surveys().exists()


@pytest.mark.parametrize("change", ["withdrawn", "refused"])
def test_a_link_that_is_no_longer_wanted_is_not_sent(ticket: Ticket, solve: Solve, change: str) -> None:
    solve(ticket)
    if change == "withdrawn":
        cancel_surveys(ticket_id=ticket.pk, solved_before=clock.now())
    else:
        ticket.customer.do_not_contact_at = clock.now()
        ticket.customer.save()
    deliver_due()
    assert not [letter for letter in sent.outbox if "/s/" in letter.body]
