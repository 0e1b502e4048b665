"""The survey link reaches the customer on the way they came, once; else through an agent's hands."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as sent
from django.test import Client

from core import clock
from core.events import Event, run_consumers
from core.outbox import OutboxItem, deliver_due
from crm.followups.models import SurveyInvitation
from crm.followups.services import cancel_surveys, survey_url
from crm.staff.models import User
from customers.models import Outreach
from tests.tickets.mails import mail
from tests.workbench.conftest import browser, text
from tickets.choices import MessageKind
from tickets.models import Channel, Ticket
from tickets.services.email import receive_mail

pytestmark = pytest.mark.django_db
Solve = Callable[[Ticket], Ticket]


@pytest.fixture
def ticket(desk: Any) -> Ticket:
    return Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)


def _surveys() -> Any:
    return OutboxItem.objects.filter(kind="outreach")


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
    survey = SurveyInvitation.objects.get()
    row = Outreach.objects.get(subject_type="survey", subject_id=survey.pk)
    assert _surveys().get().payload == {"outreach": row.pk}
    assert "/s/" not in row.body


def test_no_link_to_who_asked_not_to_be_contacted(ticket: Ticket, solve: Solve) -> None:
    ticket.customer.do_not_contact_at = clock.now()
    ticket.customer.save()
    solve(ticket)
    assert not _surveys().exists()


def test_no_mail_to_who_wrote_elsewhere(make_ticket: Callable[..., Ticket], solve: Solve) -> None:
    solve(make_ticket())
    assert SurveyInvitation.objects.exists()
    assert {row.channel for row in Outreach.objects.all()} == {"conversation"}


@pytest.mark.capability("I01")
def test_through_a_shop_the_link_is_told_in_the_conversation(make_ticket: Callable[..., Ticket], solve: Solve) -> None:
    ticket = solve(make_ticket())
    run_consumers()
    deliver_due()
    (told,) = ticket.messages.filter(kind=MessageKind.AUTO)
    assert survey_url(SurveyInvitation.objects.get()) in told.body
    news = Event.objects.filter(kind="message.created", payload__message=told.pk).get()
    assert news.payload["kind"] == "auto"
    assert (ticket.status, ticket.last_message_kind) == ("solved", "reply")


@pytest.mark.capability("I01")
@pytest.mark.parametrize("kind", ["phone", "web"])
def test_where_nothing_leads_back_the_agent_hands_the_link_over(
    make_ticket: Callable[..., Ticket], solve: Solve, agent: User, auditor: User, desk: Any, kind: str
) -> None:
    ticket = make_ticket()
    Channel.objects.filter(pk=desk.channel.pk).update(kind=kind)
    ticket = solve(Ticket.objects.get(pk=ticket.pk))
    assert not ticket.messages.filter(kind=MessageKind.AUTO).exists()
    url = survey_url(SurveyInvitation.objects.get())
    page = text(browser(agent).get(f"/desk/{ticket.number}/"))
    assert "请把评价链接转交客户" in page
    assert f'data-copy="{url}"' in page
    assert str(url) not in text(browser(auditor).get(f"/desk/{ticket.number}/"))
    cancel_surveys(ticket_id=ticket.pk, solved_before=clock.now())
    assert str(url) not in text(browser(agent).get(f"/desk/{ticket.number}/"))


@pytest.mark.capability("I01")
def test_the_customers_own_page_leads_to_the_survey(
    make_ticket: Callable[..., Ticket], solve: Solve, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.views.hit", lambda limit, identity: 0)
    ticket = make_ticket()
    asked = {"number": ticket.number, "phone_tail": "8000"}
    assert "/s/" not in text(client.post("/track/", asked))
    solve(ticket)
    survey = SurveyInvitation.objects.get()
    assert f'href="{survey_url(survey)}"' in text(client.post("/track/", asked))
    SurveyInvitation.objects.filter(pk=survey.pk).update(answered_at=clock.now())
    assert "/s/" not in text(client.post("/track/", asked))


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
