"""Platforms side by side."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.events import run_consumers
from crm.insights.days import Period
from crm.insights.platforms import by_platform
from crm.insights.questions import Question, today
from crm.staff.models import User
from customers.models import Shop
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tickets import configuration
from tickets.models import Channel, PlatformNorm, Ticket
from tickets.services import conversation

__all__ = ["desk", "frozen", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("A23")]


@pytest.fixture
def answered(frozen: Any, desk: Desk, make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    shop = Shop.objects.create(key="tb", name="淘宝店", platform="taobao")
    Channel.objects.filter(pk=desk.channel.pk).update(shop=shop)
    PlatformNorm.objects.create(platform="taobao", name="3分钟人工回复率", definition="平台自己的说法")
    configuration.forget()
    ticket = make_ticket()
    frozen.shift(60)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    run_consumers()
    return ticket


def test_ours_and_theirs_stand_side_by_side_and_what_is_not_connected_says_so(
    answered: Ticket, supervisor: User
) -> None:
    rows = {row.label: row for row in by_platform(supervisor, Question(Period(today(), today())))}
    taobao = rows["淘宝"]
    assert taobao.is_connected
    assert [(figure.metric.key, figure.n) for figure in taobao.figures][:2] == [
        ("first_response", 1),
        ("fast_replies", 1),
    ]
    (share,) = taobao.shares
    assert (share.rate, share.asked, share.definition) == (1.0, 1, "平台自己的说法")
    assert taobao.cost is None
    assert not rows["拼多多"].is_connected


def test_the_report_shows_both_definitions(answered: Ticket, supervisor: User) -> None:
    client = Client()
    client.force_login(supervisor, backend="crm.staff.backends.RoleBackend")
    shown = client.get("/reports/platforms/").content.decode()
    assert "未接入" in shown
    assert "平台自己的说法" in shown
    assert "100.0%" in shown
    assert "/reports/platforms/" in client.get("/reports/").content.decode()


def test_it_takes_the_same_statements_for_any_number_of_platforms(
    answered: Ticket, supervisor: User, django_assert_max_num_queries: Any
) -> None:
    for platform in ("jd", "pdd", "douyin"):
        shop = Shop.objects.create(key=platform, name=platform, platform=platform)
        Channel.objects.create(key=f"{platform}-x", name=platform, kind="shop", shop=shop)
        PlatformNorm.objects.create(platform=platform, name="3分钟人工回复率")
    with django_assert_max_num_queries(7):
        by_platform(supervisor, Question(Period(today(), today())))
