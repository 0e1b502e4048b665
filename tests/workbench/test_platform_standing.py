"""The platforms' clocks on the desk and on the board."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.events import run_consumers
from crm.staff.models import User
from customers.models import Shop
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tickets import configuration
from tickets.models import Channel, ChannelContact, PlatformNorm, Ticket
from tickets.services import conversation, transitions

__all__ = ["desk", "frozen", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("B06")]
Make = Callable[..., Ticket]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


@pytest.fixture
def norm(desk: Desk) -> PlatformNorm:
    shop = Shop.objects.create(key="tb", name="淘宝店", platform="taobao")
    Channel.objects.filter(pk=desk.channel.pk).update(shop=shop)
    made = PlatformNorm.objects.create(platform="taobao", name="3分钟人工回复率", target="0.6")
    configuration.forget()
    return made


@pytest.mark.capability("A23")
def test_the_desk_tells_ones_own_day_and_what_the_next_miss_costs(
    frozen: Any, norm: PlatformNorm, make_ticket: Make, agent: User
) -> None:
    for _n in range(2):
        ticket = make_ticket(customer=None)
        transitions.assign(ticket=ticket, actor=agent)
        conversation.reply(ticket=ticket, actor=agent, body="您好")
    waiting = make_ticket(customer=None)
    transitions.assign(ticket=waiting, actor=agent)
    run_consumers()
    shown = " ".join(browser(agent).get("/standing/").content.decode().split())
    assert "今日 2/2" in shown
    assert "近 30 天 100.0%（2/2），目标 60.0%；再漏一条降到 66.7%，还可漏 1 条" in shown
    assert "待回复" in shown
    frozen.shift(timedelta(seconds=181))
    assert "再漏一条降到 50.0%，还可漏 0 条" in " ".join(browser(agent).get("/standing/").content.decode().split())


def test_without_norms_the_desk_shows_nothing_of_it(desk: Desk, agent: User) -> None:
    assert browser(agent).get("/standing/").content.decode().strip() == ""


def test_the_board_has_every_shop(frozen: Any, norm: PlatformNorm, make_ticket: Make, supervisor: User) -> None:
    make_ticket()
    run_consumers()
    frozen.shift(timedelta(seconds=181))
    shown = browser(supervisor).get("/standing/?for=board").content.decode()
    assert "淘宝店" in shown
    assert "低于目标" in shown
    assert "/standing/?for=board" in browser(supervisor).get("/board/").content.decode()


def test_a_conversation_has_two_clocks(frozen: Any, norm: PlatformNorm, make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    run_consumers()
    shown = browser(agent).get(f"/desk/{ticket.number}/").content.decode()
    assert "淘宝考核" in shown
    assert "首次响应" in shown
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    run_consumers()
    assert "淘宝考核" not in browser(agent).get(f"/desk/{ticket.number}/").content.decode()


@pytest.mark.capability("B03")
def test_a_ticket_from_wechat_shows_how_long_it_may_be_answered(
    frozen: Any, desk: Desk, make_ticket: Make, agent: User
) -> None:
    channel = Channel.objects.create(key="mp", name="公众号", kind="wechat")
    configuration.forget()
    ticket = make_ticket(channel="mp")
    ChannelContact.objects.create(channel=channel, external_id="o1", ticket=ticket, last_wrote_at=clock.now())
    frozen.shift(timedelta(hours=20))
    shown = browser(agent).get(f"/desk/{ticket.number}/").content.decode()
    assert "回复窗口" in shown
    assert "48 小时内可以回复" in shown
