"""Live chat: a visitor's message is taken once, acknowledged at once, and reaches the agents as a ticket."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from crm.staff.models import User
from tests.chat.conftest import new_visitor
from tests.tickets.conftest import Desk
from tickets.models import Channel, Chat, ChatAcknowledgement, ChatVisitor, InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, intake, merging, routing, transitions
from tickets.services.chat import conversations, showing
from tickets.services.chat.conversations import Said

pytestmark = pytest.mark.django_db

Write = Callable[..., Any]


def kinds(visitor: ChatVisitor) -> list[str]:
    return [row["kind"] for row in showing.transcript(visitor)]


@pytest.mark.capability("B06")
def test_a_first_message_becomes_a_ticket_and_is_acknowledged(visitor: ChatVisitor, write: Write) -> None:
    write(visitor, "杯子碎了怎么办", name="陈女士", phone="13800138000", order_no="TB1")
    ticket = Ticket.objects.get()
    assert (ticket.customer.name, ticket.customer.phone, ticket.order_no) == ("陈女士", "13800138000", "TB1")
    assert kinds(visitor) == ["customer", "auto"]
    assert ChatAcknowledgement.objects.get().latency_ms < 5000


@pytest.mark.capability("B06")
def test_an_acknowledgement_never_counts_as_the_human_first_response(
    visitor: ChatVisitor, write: Write, agent: User
) -> None:
    write(visitor, "在吗")
    ticket = Ticket.objects.get()
    assert ticket.first_responded_at is None
    assert ticket.clocks.get(metric="first_response").met_at is None
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    ticket.refresh_from_db()
    assert ticket.first_responded_at is not None


@pytest.mark.capability("B06", "G11")
def test_the_wait_in_a_browser_without_connection_counts(visitor: ChatVisitor, write: Write) -> None:
    write(visitor, "发了很久才发出去", waited_ms=42_000)
    assert 42_000 <= ChatAcknowledgement.objects.get().latency_ms < 47_000


@pytest.mark.capability("B06")
def test_a_repeated_message_is_taken_once(visitor: ChatVisitor, write: Write) -> None:
    for _attempt in range(3):
        write(visitor, "第一句", client_id="same-0001")
        write(visitor, "第二句", client_id="same-0002")
    assert [row["body"] for row in showing.transcript(visitor) if row["kind"] == "customer"] == ["第一句", "第二句"]
    assert Ticket.objects.count() == 1
    assert ChatAcknowledgement.objects.count() == 1


def test_a_process_that_dies_before_the_acknowledgement_loses_nothing(
    visitor: ChatVisitor, channel: Channel, monkeypatch: pytest.MonkeyPatch, frozen: Any
) -> None:
    def die(**_given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conversations, "tie", die)
    said = Said(client_id="died-0001", body="请问发货了吗")
    with pytest.raises(KeyboardInterrupt):
        conversations.say(visitor=visitor, said=said)
    monkeypatch.undo()
    assert Ticket.objects.count() == 1
    frozen.shift(timedelta(seconds=4))
    assert conversations.sweep() == 1
    assert kinds(visitor) == ["customer", "auto"]
    assert ChatAcknowledgement.objects.get().latency_ms == 4000
    # The browser, which got no answer, repeats.
    conversations.say(visitor=visitor, said=said)
    assert kinds(visitor) == ["customer", "auto"]


def test_a_message_written_while_the_first_is_stranded_waits_for_it(
    visitor: ChatVisitor, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(raw: InboundMessage, request: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(intake, "_open_once", die)
    with pytest.raises(KeyboardInterrupt):
        conversations.say(visitor=visitor, said=Said(client_id="died-0001", body="第一句"))
    monkeypatch.undo()
    conversations.say(visitor=visitor, said=Said(client_id="next-0002", body="第二句"))
    bodies = [row["body"] for row in showing.transcript(visitor) if row["kind"] == "customer"]
    assert bodies == ["第一句", "第二句"]
    assert Ticket.objects.count() == 1


@pytest.mark.capability("B06")
def test_while_people_talk_no_machine_interrupts_and_after_silence_it_acknowledges(
    visitor: ChatVisitor, write: Write, agent: User, frozen: Any
) -> None:
    write(visitor, "你好")
    ticket = Ticket.objects.get()
    frozen.shift(timedelta(minutes=3))
    conversation.reply(ticket=ticket, actor=agent, body="您好，请讲")
    write(visitor, "杯子有裂纹")
    assert kinds(visitor) == ["customer", "auto", "agent", "customer"]
    frozen.shift(timedelta(minutes=3))
    write(visitor, "还在吗")
    assert kinds(visitor)[-2:] == ["customer", "auto"]


def test_after_a_closed_ticket_a_new_conversation_opens_for_the_same_customer(
    visitor: ChatVisitor, write: Write, agent: User
) -> None:
    write(visitor, "你好", name="陈女士", phone="13800138000")
    ticket = Ticket.objects.get()
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    transitions.solve(ticket=ticket, actor=agent)
    transitions.close(ticket=ticket, actor=agent)
    write(visitor, "又有一个问题")
    assert Chat.objects.count() == Ticket.objects.count() == 2
    assert Ticket.objects.latest("pk").customer_id == ticket.customer_id
    assert [row["body"] for row in showing.transcript(visitor) if row["kind"] == "customer"] == ["你好", "又有一个问题"]


def test_notes_and_the_words_of_other_visitors_are_never_shown(
    channel: Channel, write: Write, agent: User, visitor: ChatVisitor
) -> None:
    other = new_visitor(channel)
    write(visitor, "我的问题")
    write(other, "别人的问题")
    mine = Ticket.objects.get(chat__visitor=visitor)
    conversation.add_note(ticket=mine, actor=agent, body="此人难缠")
    conversation.reply(ticket=Ticket.objects.get(chat__visitor=other), actor=agent, body="给别人的回复")
    shown = {row["body"] for row in showing.transcript(visitor)}
    assert not shown & {"此人难缠", "别人的问题", "给别人的回复"}


def test_after_a_merge_the_visitor_goes_on_without_seeing_what_stood_there_before(
    visitor: ChatVisitor, write: Write, agent: User, make_ticket: Callable[..., Ticket]
) -> None:
    write(visitor, "聊天里的问题", phone="13800138000")
    source = Ticket.objects.get()
    target = make_ticket("电话里说的私事")
    Ticket.objects.filter(pk=target.pk).update(customer=source.customer)
    merging.merge(source=source, target=target, actor=agent)
    conversation.reply(ticket=Ticket.objects.get(pk=target.pk), actor=agent, body="合并后的回复")
    write(visitor, "收到合并后的回复了")
    bodies = [row["body"] for row in showing.transcript(visitor)]
    assert "电话里说的私事" not in bodies
    assert {"聊天里的问题", "合并后的回复", "收到合并后的回复了"} <= set(bodies)


@pytest.mark.capability("B22")
def test_an_agent_who_disappears_gives_the_chat_back_to_the_queue(
    visitor: ChatVisitor, write: Write, agent: User, desk: Desk, team: Any
) -> None:
    write(visitor, "你好")
    assert showing.state_of(conversations.current_chat(visitor))["served_by"] == "agent"
    User.objects.filter(pk=agent.pk).update(availability="offline")
    routing.release_agent(agent=agent, actor=None)
    state = showing.state_of(conversations.current_chat(visitor))
    assert (state["served_by"], state["position"]) == ("queue", 1)


def test_nobody_gets_more_than_their_limit(channel: Channel, write: Write, agent: User, desk: Desk) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=1)
    write(new_visitor(channel), "第一位")
    write(new_visitor(channel), "第二位")
    assert Ticket.objects.filter(assignee=agent).count() == 1
    assert Ticket.objects.waiting().count() == 1
    assert TicketMessage.objects.filter(kind="auto").count() == 2
    assert clock.now() >= Ticket.objects.latest("pk").created_at
