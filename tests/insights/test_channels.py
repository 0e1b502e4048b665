"""The same quality in every channel (B04): identical metrics, tolerance, significance, and rows that add up."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.statistics import two_proportions
from crm.insights import keys
from crm.insights.channels import COMPARED, compare, set_tolerance
from crm.insights.days import day_of
from crm.insights.metrics import METRICS
from crm.insights.models import DayCount
from crm.insights.questions import Question
from crm.insights.rows import rows_behind
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.models import Channel, Ticket
from tickets.services import conversation, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B04")]
Make = Callable[..., Ticket]


def counted(desk: Desk, channel: Channel, **totals: int) -> None:
    names = {
        "received": keys.received("consultation"),
        "fast": keys.ANSWERED_FAST,
        "resolved": keys.RESOLVED_IN_TIME,
        "satisfied": keys.SURVEYS_SATISFIED,
        "surveys": keys.SURVEYS,
        "solved": keys.FIRST_SOLVED,
        "reopened": keys.CAME_BACK,
    }
    for word, value in totals.items():
        DayCount.objects.create(
            day=day_of(clock.now()), queue=desk.queue, channel=channel, metric=names[word], value=value
        )


def asked(user: User, text: str = "") -> Question:
    return Question.of(QueryDict(text), user)


def verdicts(user: User, metric: str = "fast_replies") -> dict[str, str]:
    found = next(item for item in compare(user, asked(user)) if item.metric.key == metric)
    return {row.channel.key: row.verdict.key for row in found.rows}


@pytest.fixture
def chat(desk: Desk) -> Channel:
    return Channel.objects.create(key="chat", name="在线接待", kind="chat")


@pytest.fixture
def mail(desk: Desk) -> Channel:
    return Channel.objects.create(key="mail", name="邮件", kind="email")


def test_the_comparison_of_two_shares_is_that_of_the_textbook() -> None:
    # Newcombe (1998), table II: 56/70 against 48/80 gives 0.0524 to 0.3339.
    found = two_proportions(56, 70, 48, 80)
    assert found is not None
    assert round(found.value, 4) == 0.2
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.0524, 0.3339)
    assert round(found.p_value, 4) == 0.008
    assert two_proportions(0, 0, 1, 2) is None
    assert two_proportions(5, 5, 7, 7).p_value == 1.0  # type: ignore[union-attr]


def test_a_difference_beyond_the_tolerance_that_chance_does_not_explain_is_flagged(
    supervisor: User, desk: Desk, chat: Channel
) -> None:
    counted(desk, desk.channel, received=400, fast=200)
    counted(desk, chat, received=400, fast=320)
    assert verdicts(supervisor) == {"chat": "flagged", "taobao": "flagged"}


def test_a_large_difference_in_a_small_sample_may_be_chance(supervisor: User, desk: Desk, chat: Channel) -> None:
    counted(desk, desk.channel, received=20, fast=10)
    counted(desk, chat, received=20, fast=13)
    assert verdicts(supervisor) == {"chat": "chance", "taobao": "chance"}


def test_a_significant_difference_within_the_tolerance_is_none(supervisor: User, desk: Desk, chat: Channel) -> None:
    counted(desk, desk.channel, received=100_000, fast=50_000)
    counted(desk, chat, received=100_000, fast=53_000)
    assert verdicts(supervisor) == {"chat": "within", "taobao": "within"}
    set_tolerance(metric="fast_replies", points=Decimal("2.5"), actor=supervisor)
    assert verdicts(supervisor) == {"chat": "flagged", "taobao": "flagged"}


def test_exactly_the_tolerance_is_within_it(supervisor: User, desk: Desk, chat: Channel) -> None:
    counted(desk, desk.channel, received=100_000, fast=50_000)
    counted(desk, chat, received=100_000, fast=55_000)
    assert set(verdicts(supervisor).values()) == {"within"}


def test_few_answers_give_no_verdict(supervisor: User, desk: Desk, chat: Channel) -> None:
    counted(desk, desk.channel, surveys=100, satisfied=90)
    counted(desk, chat, surveys=9, satisfied=0)
    assert verdicts(supervisor, "satisfaction") == {"chat": "too_few", "taobao": "too_few"}


def test_more_channels_ask_for_more_evidence(supervisor: User, desk: Desk, chat: Channel, mail: Channel) -> None:
    """p is about 0.02: enough for one comparison, not among three (0.05 ÷ 3)."""
    counted(desk, desk.channel, solved=200, reopened=20)
    counted(desk, chat, solved=200, reopened=20)
    counted(desk, mail, solved=200, reopened=33)
    found = next(item for item in compare(supervisor, asked(supervisor)) if item.metric.key == "reopen_rate")
    row = next(row for row in found.rows if row.channel == mail)
    assert row.difference is not None
    assert 0.05 / 3 < row.difference.p_value < 0.05
    assert row.verdict.key == "chance"


def test_identical_metrics_with_sample_sizes_for_every_channel(supervisor: User, desk: Desk, chat: Channel) -> None:
    for channel in (desk.channel, chat):
        counted(desk, channel, received=50, fast=25, resolved=40, surveys=30, satisfied=27, solved=40, reopened=2)
    found = compare(supervisor, asked(supervisor))
    assert [item.metric.key for item in found] == list(COMPARED)
    for item in found:
        assert [row.channel.key for row in item.rows] == ["chat", "taobao"]
        assert len({(row.figure.n, row.figure.value) for row in item.rows}) == 1


def test_others_queues_are_not_counted(other_agent: User, supervisor: User, desk: Desk) -> None:
    counted(desk, desk.channel, received=50, fast=25)
    assert verdicts(other_agent) == {}
    assert verdicts(supervisor) == {"taobao": "too_few"}


def test_the_rows_behind_a_figure_are_as_many_as_its_sample(
    agent: User, supervisor: User, desk: Desk, make_ticket: Make, frozen: Any, counts: Any
) -> None:
    for number in range(4):
        ticket = make_ticket(f"第{number}张")
        conversation.reply(ticket=ticket, actor=agent, body="您好")
        transitions.solve(ticket=ticket, actor=agent)
    transitions.solve(ticket=transitions.reopen(ticket=ticket, actor=agent, reason="没好"), actor=agent)
    frozen.shift(timedelta(minutes=5))
    counts()
    question = asked(supervisor, "channel=taobao")
    for item in compare(supervisor, asked(supervisor)):
        for row in item.rows:
            page = rows_behind(METRICS[item.metric.key], supervisor, question)
            assert len(page.rows) == row.figure.n, item.metric.key
    reopen = next(item for item in compare(supervisor, asked(supervisor)) if item.metric.key == "reopen_rate")
    assert (reopen.rows[0].figure.n, reopen.rows[0].figure.value) == (4, 0.25)


def test_the_tolerance_is_set_by_who_may_and_within_reason(lead: User, supervisor: User) -> None:
    with pytest.raises(NotAllowed):
        set_tolerance(metric="satisfaction", points=Decimal(3), actor=lead)
    for points in (Decimal(-1), Decimal(101)):
        with pytest.raises(InvalidInput):
            set_tolerance(metric="satisfaction", points=points, actor=supervisor)


def test_page_and_file_say_the_same(supervisor: User, desk: Desk, chat: Channel, no_export_limit: None) -> None:
    counted(desk, desk.channel, received=400, fast=200)
    counted(desk, chat, received=400, fast=320)
    client = Client()
    client.force_login(supervisor, backend="crm.staff.backends.RoleBackend")
    page = client.get("/reports/channels/").content.decode()
    assert "在线接待的3分钟回复率与其他渠道相差 +30.0 个百分点" in page
    assert "channel=chat" in page
    answer: Any = client.get("/reports/channels/export/")
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert rows[1][:4] == ["3分钟回复率", "在线接待", "400", "80.0"]
    assert rows[1][-1] == "超出容差，差异显著"
    client.post("/reports/channels/tolerance/", {"metric": "fast_replies", "points": "35"})
    assert "超出容差" not in client.get("/reports/channels/").content.decode()
    client.post("/reports/channels/tolerance/", {"metric": "fast_replies", "points": "NaN"})
    assert "容差 35" in client.get("/reports/channels/").content.decode()


@pytest.fixture
def no_export_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts in an engine that other test runs share."""
    monkeypatch.setattr("core.exports.hit", lambda limit, identity: 0)
