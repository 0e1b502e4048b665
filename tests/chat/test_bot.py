"""The bot answers only from published articles, says what it is, and gives way to a person in one step."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.versions import services as versions
from crm.staff.models import User
from knowledge.answering import find_answer
from knowledge.models import ArticleVersion
from tests.chat.conftest import new_visitor
from tickets.chat_choices import HandoverReason
from tickets.models import BotAnswer, Channel, Chat, ChatVisitor, Ticket
from tickets.services import conversation, routing
from tickets.services.chat import bot, conversations, showing, visitors

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B10")]

Write = Callable[..., Any]
QUESTION = "请问退货运费谁承担？"


def bodies(visitor: ChatVisitor) -> list[str]:
    return [row["body"] for row in showing.transcript(visitor)]


def state(visitor: ChatVisitor) -> dict[str, Any]:
    return showing.state_of(conversations.current_chat(visitor))


def test_it_answers_with_the_article_cited_and_says_that_it_is_a_bot(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    write(visitor, QUESTION)
    shown = bodies(visitor)
    assert "机器人" in shown[1]
    assert "来回运费都由我们承担" in shown[2]
    assert "《退货运费由谁承担》" in shown[2]
    assert f"/help/articles/{articles['public'].item_id}/" in shown[2]
    assert BotAnswer.objects.get().version == articles["public"]
    assert state(visitor)["served_by"] == "bot"


def test_no_agent_is_kept_busy_and_no_clock_of_people_runs_while_it_answers(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    write(visitor, QUESTION)
    ticket = Ticket.objects.get()
    assert (ticket.assignee_id, ticket.status, ticket.first_responded_at) == (None, "pending", None)
    assert not [row for row in ticket.clocks.all() if row.is_running and row.metric != "resolution"]
    assert routing.dispatch_waiting() == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("转人工", HandoverReason.ASKED),
        ("I want a human", HandoverReason.ASKED),
        ("我要投诉你们，退货运费谁承担", HandoverReason.COMPLAINT),
        ("再不处理我就打12315", HandoverReason.COMPLAINT),
        ("你们太过分了！气死我了", HandoverReason.ANGER),
        ("你们老板贵姓", HandoverReason.UNSURE),
        ("你们员工食堂几点开饭", HandoverReason.UNSURE),
    ],
)
def test_it_gives_way_in_one_step_with_the_transcript(
    with_bot: Channel,
    visitor: ChatVisitor,
    write: Write,
    articles: dict[str, ArticleVersion],
    agent: User,
    words: str,
    reason: HandoverReason,
) -> None:
    write(visitor, QUESTION)
    write(visitor, words)
    ticket, chat = Ticket.objects.get(), Chat.objects.get()
    assert (ticket.status, ticket.assignee, chat.handover_reason) == ("open", agent, reason)
    said = [message.body for message in ticket.messages.order_by("created_at", "pk")]
    assert said[0] == QUESTION
    assert any("来回运费" in body for body in said)
    assert words in said
    assert "已为您转人工" in said[-1]
    assert [row.metric for row in ticket.clocks.all() if row.is_running and row.metric == "first_response"]


def test_internal_drafted_and_retired_articles_are_never_answered_from(
    with_bot: Channel, articles: dict[str, ArticleVersion], lead: User, supervisor: User
) -> None:
    assert find_answer("单笔赔付上限是多少") is None
    assert find_answer(QUESTION) is not None
    draft = versions.draft_version(item=articles["public"].item, actor=lead, body="运费一律由火星人承担")
    found = find_answer(QUESTION)
    assert found is not None
    assert found.version != draft
    versions.retire(version=articles["public"], actor=supervisor)
    assert find_answer(QUESTION) is None


def test_greetings_and_thanks_need_no_person(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    write(visitor, "你好，在吗")
    write(visitor, QUESTION)
    write(visitor, "好的谢谢")
    assert Chat.objects.get().handed_over_at is None
    assert Ticket.objects.get().assignee is None


def test_solved_ends_the_ticket_and_unsolved_brings_a_person(
    with_bot: Channel, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    happy, unhappy = new_visitor(with_bot), new_visitor(with_bot)
    write(happy, QUESTION)
    write(unhappy, QUESTION)
    first, second = BotAnswer.objects.order_by("pk")
    conversations.rate_answer(visitor=happy, answer_id=first.pk, is_helpful=True)
    conversations.rate_answer(visitor=unhappy, answer_id=second.pk, is_helpful=False)
    assert Ticket.objects.get(chat__visitor=happy).status == "solved"
    assert Ticket.objects.get(chat__visitor=unhappy).assignee == agent
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.solved_at is not None
    assert (second.solved_at, second.transferred_at is not None) == (None, True)


def test_silence_after_an_answer_solves_and_a_later_word_comes_back_to_the_bot(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], frozen: Any
) -> None:
    write(visitor, QUESTION)
    frozen.shift(bot.QUIET - timedelta(seconds=1))
    assert bot.end_quiet() == 0
    frozen.shift(timedelta(seconds=2))
    assert bot.end_quiet() == 1
    assert bot.end_quiet() == 0
    assert (Ticket.objects.get().status, BotAnswer.objects.get().solved_at is not None) == ("solved", True)
    write(visitor, "那运费险怎么理赔，退货运费")
    assert state(visitor)["served_by"] == "bot"


def test_an_agent_who_steps_in_silences_it(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    write(visitor, QUESTION)
    conversation.reply(ticket=Ticket.objects.get(), actor=agent, body="我来为您处理")
    write(visitor, QUESTION)
    assert BotAnswer.objects.count() == 1
    assert Chat.objects.get().handover_reason == HandoverReason.TAKEN


def test_with_the_bot_switched_off_everything_works(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion], agent: User
) -> None:
    write(visitor, QUESTION)
    visitors.save_settings(channel=with_bot, actor=None, values={"is_bot_on": False})
    write(visitor, QUESTION)
    assert Chat.objects.get().handover_reason == HandoverReason.SWITCHED_OFF
    assert Ticket.objects.get().assignee == agent
    other = new_visitor(with_bot)
    write(other, QUESTION)
    assert [row["kind"] for row in showing.transcript(other)] == ["customer", "auto"]
    assert not any("机器人" in body for body in bodies(other))
    assert BotAnswer.objects.count() == 1


def test_when_nobody_is_free_the_hand_over_waits_in_the_queue_and_says_where(
    with_bot: Channel, visitor: ChatVisitor, write: Write, articles: dict[str, ArticleVersion]
) -> None:
    write(visitor, "转真人")
    assert (state(visitor)["served_by"], state(visitor)["position"]) == ("queue", 1)
    assert bodies(visitor)[-1].endswith("您排在第 1 位。")
