"""The report of live chat: acknowledgements and people apart, the bot's share, articles that solve too little."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from crm.followups.models import SurveyInvitation
from crm.followups.services import invite_for_solved_ticket
from crm.insights.chat import ChatReport, chat_report
from crm.insights.questions import Question
from crm.staff.models import User
from knowledge.models import ArticleVersion
from tests.chat.conftest import new_visitor
from tickets.models import BotAnswer, Channel, Chat, ChatAcknowledgement, ChatVisitor, Ticket
from tickets.services import conversation, transitions
from tickets.services.chat import conversations

pytestmark = pytest.mark.django_db

Write = Callable[..., Any]
QUESTION = "请问退货运费谁承担？"


def report(user: User) -> ChatReport:
    return chat_report(user, Question.of(QueryDict(), user))


@pytest.mark.capability("B06", "G11")
def test_acknowledgement_and_first_answer_of_a_person_are_separate_figures(
    channel: Channel, write: Write, agent: User, admin: User, frozen: Any
) -> None:
    quick, slow, unanswered = (new_visitor(channel) for _n in range(3))
    write(quick, "第一位")
    write(slow, "第二位", waited_ms=9000)
    write(unanswered, "第三位")
    frozen.shift(timedelta(seconds=60))
    conversation.reply(ticket=Ticket.objects.get(chat__visitor=quick), actor=agent, body="您好")
    frozen.shift(timedelta(seconds=180))
    conversation.reply(ticket=Ticket.objects.get(chat__visitor=slow), actor=agent, body="您好")
    found = report(admin)
    assert (found.acknowledged.hits, found.acknowledged.n) == (2, 3)
    assert (found.first_response.hits, found.first_response.n) == (1, 3)
    assert found.first_response_mean == 150


@pytest.mark.capability("G11")
def test_five_seconds_are_within_and_a_millisecond_more_is_not(
    channel: Channel, write: Write, visitor: ChatVisitor, admin: User, frozen: Any
) -> None:
    write(visitor, "你好")
    rows = ChatAcknowledgement.objects.all()
    rows.update(latency_ms=5000)
    assert report(admin).acknowledged.hits == 1
    rows.update(latency_ms=5001)
    assert report(admin).acknowledged.hits == 0
    rows.delete()  # never acknowledged: counted, not forgotten
    assert (report(admin).acknowledged.hits, report(admin).acknowledged.n) == (0, 1)


@pytest.mark.capability("B11")
def test_share_of_the_bot_hand_over_rate_and_satisfaction_of_both(
    with_bot: Channel, write: Write, articles: dict[str, ArticleVersion], agent: User, admin: User, frozen: Any
) -> None:
    solved, handed, open_one = (new_visitor(with_bot) for _n in range(3))
    for visitor in (solved, handed, open_one):
        write(visitor, QUESTION)
    conversations.rate_answer(visitor=solved, answer_id=BotAnswer.objects.get(chat__visitor=solved).pk, is_helpful=True)
    write(handed, "转人工")
    ticket = Ticket.objects.get(chat__visitor=handed)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    transitions.solve(ticket=ticket, actor=agent)
    for visitor, score in ((solved, 5), (handed, 2)):
        row = Ticket.objects.get(chat__visitor=visitor)
        assert row.solved_at is not None
        survey = invite_for_solved_ticket(ticket_id=row.pk, solve_number=1, solved_at=row.solved_at)
        assert survey is not None
        SurveyInvitation.objects.filter(pk=survey.pk).update(score=score, answered_at=row.solved_at)
    found = report(admin)
    assert (found.by_bot.hits, found.by_bot.n) == (2, 3)
    assert (found.handed_over.hits, found.handed_over.n) == (1, 3)
    assert (found.bot.satisfied.hits, found.bot.satisfied.n, found.bot.score) == (1, 1, 5)
    assert (found.people.satisfied.hits, found.people.satisfied.n, found.people.score) == (0, 1, 2)
    assert (found.days[0].chats, found.days[0].handed_over.hits) == (3, 1)
    assert found.reasons == [("客户要求人工", 1)]


@pytest.mark.capability("B09")
def test_an_article_under_the_target_stands_in_the_work_list(
    with_bot: Channel, write: Write, articles: dict[str, ArticleVersion], agent: User, lead: User, frozen: Any
) -> None:
    for number in range(10):
        visitor = new_visitor(with_bot)
        write(visitor, QUESTION)
        answer = BotAnswer.objects.get(chat__visitor=visitor)
        conversations.rate_answer(visitor=visitor, answer_id=answer.pk, is_helpful=number != 0)
    line = report(lead).faq[0]
    assert (line.hits, line.solved.hits, line.solved.n, line.is_under_target) == (10, 9, 10, False)
    visitor = new_visitor(with_bot)
    write(visitor, QUESTION)
    assert report(lead).faq[0].hits == 11  # not ended: asked, but in no rate yet
    assert report(lead).faq[0].solved.n == 10
    write(visitor, "转人工")
    found = report(lead)
    assert found.faq[0].is_under_target
    assert [one.title for one in found.work_list] == ["退货运费由谁承担"]
    client = Client()
    client.force_login(lead, backend="crm.staff.backends.RoleBackend")
    page = client.get("/reports/chat/").content.decode()
    assert "待改进的文章" in page
    assert "81.8%" in page


def test_the_page_the_api_and_sight(
    channel: Channel, write: Write, visitor: ChatVisitor, agent: User, lead: User, other_agent: User, api: Any
) -> None:
    write(visitor, "你好")
    assert api(lead).get("/api/v1/chat-report/").json()["chats"] == 1
    assert api(lead).get("/api/v1/chat-report/?from=x").status_code == 400
    assert api(agent).get("/api/v1/chat-report/").status_code == 403
    assert not Chat.objects.visible_to(other_agent).exists()
