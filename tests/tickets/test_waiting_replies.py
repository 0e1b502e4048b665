"""A reply waits ten seconds or for a chosen moment; nothing is lost, whoever or whatever goes away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.choices import DraftKind, MessageKind, NoticeKind, TicketStatus, WaitingState
from tickets.models import Draft, Notice, Ticket, WaitingReply
from tickets.services import conversation, drafts, merging, sending, transitions, waiting

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def send(ticket: Ticket, agent: User, body: str = "今天就发。", **values: Any) -> WaitingReply:
    row = sending.send_reply(ticket=ticket, actor=agent, body=body, **values)
    assert isinstance(row, WaitingReply)
    return row


def replies(ticket: Ticket) -> list[str]:
    return [message.body for message in ticket.messages.filter(kind=MessageKind.REPLY)]


def later(seconds: float) -> int:
    return fire_due(now=clock.now() + timedelta(seconds=seconds))


def test_a_reply_goes_out_after_ten_seconds_and_not_before(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    send(ticket, agent)
    assert replies(ticket) == []
    frozen.shift(9)
    fire_due(now=clock.now())
    assert replies(ticket) == []
    frozen.shift(1)
    fire_due(now=clock.now())
    assert replies(ticket) == ["今天就发。"]
    fire_due(now=clock.now())
    assert replies(ticket) == ["今天就发。"]
    assert WaitingReply.objects.get().state == WaitingState.SENT


def test_the_first_response_clock_ends_when_the_reply_goes_out(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    began = clock.now()
    send(ticket, agent)
    ticket.refresh_from_db()
    assert ticket.first_responded_at is None
    frozen.shift(10)
    fire_due(now=clock.now())
    ticket.refresh_from_db()
    assert ticket.first_responded_at == began + timedelta(seconds=10)
    met = ticket.clocks.get(metric="first_response").met_at
    assert met == began + timedelta(seconds=10)


def test_taking_back_puts_text_and_script_into_the_draft(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, "写错了一个字")
    waiting.take_back(waiting=row, actor=agent)
    frozen.shift(60)
    fire_due(now=clock.now())
    assert replies(ticket) == []
    assert Draft.objects.get().body == "写错了一个字"


def test_what_was_begun_meanwhile_stays_below_what_is_taken_back(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, "第一条")
    drafts.save_draft(ticket=ticket, actor=agent, kind=DraftKind.REPLY, body="第二条的开头")
    waiting.take_back(waiting=row, actor=agent)
    assert Draft.objects.get().body == "第一条\n\n第二条的开头"


def test_only_the_author_takes_back_and_only_while_it_waits(
    make_ticket: Make, agent: User, agent2: User, frozen: Any
) -> None:
    row = send(make_ticket(), agent)
    with pytest.raises(NotAllowed):
        waiting.take_back(waiting=row, actor=agent2)
    frozen.shift(10)
    fire_due(now=clock.now())
    with pytest.raises(Conflict) as refused:
        waiting.take_back(waiting=row, actor=agent)
    assert refused.value.code == "not_waiting"


def test_send_and_solve_waits_too(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    send(ticket, agent, solves=True)
    ticket.refresh_from_db()
    assert ticket.status != TicketStatus.SOLVED
    frozen.shift(10)
    fire_due(now=clock.now())
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.SOLVED
    assert ticket.solved_at == clock.now()


def test_somebody_else_solving_meanwhile_does_not_hold_the_reply_back(
    make_ticket: Make, agent: User, agent2: User, frozen: Any
) -> None:
    ticket = make_ticket()
    send(ticket, agent, solves=True)
    transitions.solve(ticket=ticket, actor=agent2)
    frozen.shift(10)
    fire_due(now=clock.now())
    assert replies(ticket) == ["今天就发。"]


def test_who_turned_it_off_sends_at_once(make_ticket: Make, agent: User) -> None:
    agent.undoes_send = False
    ticket = make_ticket()
    sending.send_reply(ticket=ticket, actor=agent, body="今天就发。")
    assert replies(ticket) == ["今天就发。"]


def test_a_planned_reply_goes_out_at_its_moment_by_a_changed_plan(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, send_at=clock.now() + timedelta(hours=1))
    waiting.change(waiting=row, actor=agent, body="改过的话", send_at=clock.now() + timedelta(hours=2))
    frozen.shift(3600)
    fire_due(now=clock.now())
    assert replies(ticket) == []
    frozen.shift(3600)
    fire_due(now=clock.now())
    assert replies(ticket) == ["改过的话"]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=-1), timedelta(days=90, seconds=1)])
def test_a_moment_must_lie_ahead_within_ninety_days(
    make_ticket: Make, agent: User, frozen: Any, ahead: timedelta
) -> None:
    with pytest.raises(InvalidInput) as refused:
        send(make_ticket(), agent, send_at=clock.now() + ahead)
    assert "send_at" in refused.value.fields


def test_the_customer_writing_first_cancels_a_plan_and_tells_its_author(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, "货明天到", send_at=clock.now() + timedelta(hours=1))
    conversation.customer_message(ticket=ticket, body="不用了，我要退货", actor=None)
    row.refresh_from_db()
    assert (row.state, row.reason) == (WaitingState.CANCELLED, "客户先来信")
    assert Draft.objects.get().body == "货明天到"
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (agent, NoticeKind.CUSTOMER_WROTE_FIRST)
    frozen.shift(3600)
    fire_due(now=clock.now())
    assert replies(ticket) == []


def test_plain_thanks_cancel_no_plan(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, send_at=clock.now() + timedelta(hours=1))
    conversation.customer_message(ticket=ticket, body="好的谢谢", actor=None)
    row.refresh_from_db()
    assert row.is_waiting


def test_what_cannot_go_out_any_more_returns_to_the_draft_with_a_notice(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    row = send(ticket, agent, "货明天到")
    transitions.cancel(ticket=ticket, actor=agent, reason="客户撤回")
    frozen.shift(10)
    fire_due(now=clock.now())
    row.refresh_from_db()
    assert (row.state, row.reason) == (WaitingState.FAILED, "工单已关闭，请先重开。")
    assert Draft.objects.get().body == "货明天到"
    assert Notice.objects.get().kind == NoticeKind.REPLY_FAILED


def test_a_merged_ticket_takes_its_waiting_reply_along(make_ticket: Make, agent: User, frozen: Any) -> None:
    target, source = make_ticket(), make_ticket("同一件事")
    send(source, agent)
    merging.merge(source=source, target=target, actor=agent)
    frozen.shift(10)
    fire_due(now=clock.now())
    assert replies(target) == ["今天就发。"]


def test_a_newer_message_of_the_customer_is_told_before_sending(desk: Desk, make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    seen = ticket.messages.get().pk
    newer = conversation.customer_message(ticket=ticket, body="地址也要改", actor=None)
    with pytest.raises(Conflict) as refused:
        sending.send_reply(ticket=ticket, actor=agent, body="今天就发。", seen=seen)
    assert (refused.value.status, refused.value.code) == (409, "newer_message")
    sending.send_reply(ticket=ticket, actor=agent, body="今天就发。", seen=newer.pk)
    conversation.add_note(ticket=ticket, actor=agent, body="同事的话不算")
    sending.send_reply(ticket=ticket, actor=agent, body="再说一句。", seen=newer.pk)
