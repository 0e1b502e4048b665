"""The whole way of an answer: customer's WeChat → desk → outbox → the platform, once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.outbox import OutboxItem, OutboxState, deliver_due
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk, desk, frozen
from tests.tickets.wechat_stub import OPEN_ID, SETTINGS, WeChat, plain, xml
from tickets import configuration
from tickets.models import Ticket
from tickets.services import rules

__all__ = ["desk", "frozen"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("B03")]


@pytest.fixture
def wechat(settings: Any) -> Iterator[WeChat]:
    with WeChat() as stub:
        settings.WECHAT_API_URL = stub.url
        yield stub


@pytest.fixture
def ticket(frozen: Any, desk: Desk, admin: User, agent: User) -> Ticket:
    rules.save_channel(channel=None, actor=admin, key="mp", name="公众号", kind="wechat", settings=SETTINGS)
    configuration.forget()
    moment = int(clock.now().timestamp())
    query, body = plain(xml(moment, Content="快递没到", MsgId="1"), moment)
    answer = Client().post(f"/api/v1/inbound/mp/wechat/?{query}", body, content_type="text/xml")
    assert answer.content == b"success"
    fire_due(now=clock.now() + timedelta(seconds=1))
    return Ticket.objects.get()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def test_an_answer_written_at_the_desk_reaches_the_customer_once(
    frozen: Any, ticket: Ticket, agent: User, wechat: WeChat
) -> None:
    wechat.failures.extend([500])
    answer = browser(agent).post(f"/desk/{ticket.number}/send/", {"kind": "reply", "body": "您好，已为您催件。"})
    assert answer.status_code == 200
    assert wechat.sent == []
    # The ten seconds in which it can be taken back.
    frozen.shift(timedelta(seconds=11))
    fire_due(now=clock.now())
    for _try in range(3):
        OutboxItem.objects.filter(state=OutboxState.READY).update(next_at=clock.now())
        deliver_due(now=clock.now())
    assert wechat.sent == [{"touser": OPEN_ID, "msgtype": "text", "text": {"content": "您好，已为您催件。"}}]
    assert wechat.tries == 2
    assert "您好，已为您催件。" in browser(agent).get(f"/desk/{ticket.number}/").content.decode()


def test_after_48_hours_the_desk_says_why_not_and_what_instead(
    frozen: Any, ticket: Ticket, agent: User, wechat: WeChat
) -> None:
    frozen.shift(timedelta(hours=48))
    shown = browser(agent).post(f"/desk/{ticket.number}/send/", {"kind": "reply", "body": "来晚了"}).content.decode()
    assert "距客户最后一条消息已超过 48 小时，微信不再允许回复。" in shown
    assert "请等客户再次来信" in shown
    assert "来晚了" in shown
    assert not OutboxItem.objects.filter(kind="wechat").exists()
