"""A chat channel, visitors who write in it, and a help centre with two articles."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.staff.models import User
from knowledge.models import ArticleVersion
from tests.api.conftest import api
from tests.scripts_library.factories import make_article
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tickets.models import Channel, ChatVisitor
from tickets.services.chat import visitors
from tickets.services.chat.conversations import Said, say

__all__ = ["api", "desk", "frozen", "make_ticket"]

RETURNS = "质量问题、发错货：来回运费都由我们承担。\n无理由退货：寄回运费由买家承担，带运费险的由保险公司理赔。"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def channel(desk: Desk) -> Channel:
    return Channel.objects.create(key="webchat", name="官网客服", kind="chat")


@pytest.fixture
def with_bot(channel: Channel) -> Channel:
    visitors.save_settings(channel=channel, actor=None, values={"is_bot_on": True})
    return Channel.objects.get(pk=channel.pk)


@pytest.fixture
def visitor(channel: Channel) -> ChatVisitor:
    return new_visitor(channel)


def new_visitor(channel: Channel) -> ChatVisitor:
    found = visitors.visitor_by(channel=channel, token=visitors.welcome(channel=channel))
    assert found is not None
    return found


@pytest.fixture
def write() -> Callable[..., Any]:
    """`write(visitor, "text")`: a message as the browser sends it."""
    numbers = iter(range(1, 10_000))

    def send(visitor: ChatVisitor, body: str, **values: Any) -> Any:
        values.setdefault("client_id", f"client-{next(numbers):04d}")
        visitor = ChatVisitor.objects.select_related("channel__chat").get(pk=visitor.pk)
        return say(visitor=visitor, said=Said(body=body, **values))

    return send


@pytest.fixture
def articles(lead: User, supervisor: User) -> dict[str, ArticleVersion]:
    """退货运费 is public; 内部赔付 is for staff only. Their author takes no chats."""
    User.objects.filter(pk=lead.pk).update(availability="offline")
    return {
        "public": make_article(
            author=lead,
            reviewer=supervisor,
            key="KB-1",
            title="退货运费由谁承担",
            body=RETURNS,
            category="退换货",
            audience="public",
        ),
        "internal": make_article(
            author=lead, reviewer=supervisor, key="KB-2", title="内部赔付上限", body="单笔赔付上限 500 元，超过找主管。"
        ),
    }
