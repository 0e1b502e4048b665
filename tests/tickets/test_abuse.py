"""Abuse of the people at the desk: kept under a hash, told to the supervisor, flagged only by them and for a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import fire_due
from crm.staff.models import User
from tests.scripts_library.factories import make_script
from tests.workbench.conftest import browser, text
from tickets.models import AbuseReport, Notice, Ticket
from tickets.services import abuse, conversation, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B21")]


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    made = make_ticket("你们都是骗子")
    if made.assignee_id != agent.pk:
        transitions.assign(ticket=made, actor=agent, assignee=agent)
    return Ticket.objects.get(pk=made.pk)


def test_the_conversation_is_kept_as_it_stood_under_its_hash(ticket: Ticket, agent: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent, note="辱骂")
    conversation.add_note(ticket=ticket, actor=agent, body="后来的备注")
    kept = AbuseReport.objects.get(pk=report.pk)
    assert "你们都是骗子" in kept.snapshot
    assert "后来的备注" not in kept.snapshot
    assert abuse.is_intact(kept)
    event = Event.objects.get(kind=abuse.REPORTED)
    assert event.payload["digest"] == kept.digest
    assert "骗子" not in str(event.payload)


def test_a_changed_copy_is_noticed(ticket: Ticket, agent: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent)
    report.snapshot = (report.snapshot or "").replace("骗子", "好人")
    report.save(update_fields=["snapshot"])
    assert not abuse.is_intact(AbuseReport.objects.get(pk=report.pk))
    assert "存证被改动" in text(browser(agent).get(f"/desk/{ticket.number}/abuse/"))


def test_the_supervisor_is_told_and_colleagues_are_not(
    ticket: Ticket, agent: User, agent2: User, supervisor: User
) -> None:
    abuse.report_abuse(ticket=ticket, actor=agent)
    assert set(Notice.objects.filter(kind="abuse_reported").values_list("user__username", flat=True)) == {"supervisor"}


def test_the_person_may_be_relieved_once(ticket: Ticket, agent: User, agent2: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent, wants_relief=True)
    assert Ticket.objects.get(pk=ticket.pk).assignee != agent
    assert Event.objects.filter(kind=abuse.RELIEVED, subject_id=ticket.pk).count() == 1
    with pytest.raises(Conflict, match="已经换人"):
        abuse.ask_relief(report=report, actor=agent)


def test_reporting_twice_is_refused_while_the_first_waits(ticket: Ticket, agent: User) -> None:
    abuse.report_abuse(ticket=ticket, actor=agent)
    with pytest.raises(Conflict, match="已有待处理"):
        abuse.report_abuse(ticket=ticket, actor=agent)


def test_the_customer_is_flagged_only_after_the_supervisor_confirmed(
    ticket: Ticket, agent: User, supervisor: User
) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent)
    assert abuse.flag_of(ticket.customer) is None
    with pytest.raises(NotAllowed, match="只有主管"):
        abuse.confirm(report=report, actor=agent, days=30)
    abuse.confirm(report=report, actor=supervisor, days=30, reason="录音属实")
    assert abuse.flag_of(ticket.customer) == report
    assert "曾恶意攻击客服" in text(browser(agent).get(f"/desk/{ticket.number}/abuse/flag/"))
    assert "主管已确认恶意攻击客服" in text(browser(agent).get(f"/customers/{ticket.customer_id}/"))


def test_nobody_decides_their_own_report(ticket: Ticket, supervisor: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=supervisor)
    with pytest.raises(NotAllowed, match="自己的报告"):
        abuse.confirm(report=report, actor=supervisor, days=30)


def test_a_rejected_report_flags_nobody_and_wants_a_reason(ticket: Ticket, agent: User, supervisor: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent)
    with pytest.raises(InvalidInput, match="理由"):
        abuse.reject(report=report, actor=supervisor, reason=" ")
    abuse.reject(report=report, actor=supervisor, reason="只是着急")
    assert abuse.flag_of(ticket.customer) is None
    with pytest.raises(Conflict, match="已经处理"):
        abuse.confirm(report=report, actor=supervisor, days=30)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_flag_lasts_a_day_at_least_and_a_year_at_most(
    ticket: Ticket, agent: User, supervisor: User, days: int
) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent)
    with pytest.raises(InvalidInput, match="天数"):
        abuse.confirm(report=report, actor=supervisor, days=days)


def test_the_flag_ends_by_itself(ticket: Ticket, agent: User, supervisor: User) -> None:
    report = abuse.confirm(report=abuse.report_abuse(ticket=ticket, actor=agent), actor=supervisor, days=30)
    end = report.flagged_until
    assert end is not None
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert abuse.flag_of(ticket.customer) == report
    with time_machine.travel(end, tick=False):
        assert abuse.flag_of(ticket.customer) is None
        fire_due(now=clock.now())
    assert AbuseReport.objects.get(pk=report.pk).state == "expired"
    assert Event.objects.filter(kind=abuse.EXPIRED, subject_id=ticket.pk).count() == 1


# Pages


def test_the_page_offers_the_calm_exit_script_and_takes_the_report(
    ticket: Ticket, agent: User, supervisor: User, lead: User
) -> None:
    make_script(
        author=lead, reviewer=supervisor, key="CALM-01", title="平静结束", topic="恶意攻击", body="请先冷静一下。"
    )
    person = browser(agent)
    assert "请先冷静一下" in text(person.get(f"/desk/{ticket.number}/abuse/"))
    page = text(person.post(f"/desk/{ticket.number}/abuse/", {"step": "report", "note": "辱骂"}, follow=True))
    assert "待主管处理" in page
    assert AbuseReport.objects.get().digest in page
    answer = {"step": "confirm", "report": AbuseReport.objects.get().pk, "days": "30", "reason": "属实"}
    assert "已确认" in text(browser(supervisor).post(f"/desk/{ticket.number}/abuse/", answer, follow=True))


def test_what_cannot_be_is_said_and_not_a_fault(ticket: Ticket, agent: User, supervisor: User) -> None:
    report = abuse.report_abuse(ticket=ticket, actor=agent)
    page = browser(supervisor)
    wrong = {"step": "confirm", "report": report.pk, "days": "很久"}
    assert "天数须是整数" in text(page.post(f"/desk/{ticket.number}/abuse/", wrong), 409)
    assert page.post(f"/desk/{ticket.number}/abuse/", {"step": "confirm", "report": "9" * 30}).status_code == 404
