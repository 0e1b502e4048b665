"""Pictures, voices and files by WeChat: what customers send is kept on the ticket, pictures go out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.outbox import OutboxItem, OutboxState, deliver_due
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tests.tickets.wechat_stub import OPEN_ID, SETTINGS, WeChat, plain, xml
from tests.world import PNG
from tickets.choices import MessageKind
from tickets.models import Attachment, Channel, Ticket
from tickets.senders import WECHAT_RETRY_AFTER
from tickets.services import attachments, conversation, rules
from tickets.services.wechat import receiving

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B03")]
AMR = b"#!AMR\n" + bytes(60)


@pytest.fixture
def wechat(desk: Desk, admin: User, settings: Any, tmp_path: Any) -> Iterator[WeChat]:
    settings.MEDIA_ROOT = tmp_path
    rules.save_channel(channel=None, actor=admin, key="mp", name="公众号", kind="wechat", settings=SETTINGS)
    with WeChat() as stub:
        settings.WECHAT_API_URL = stub.url
        yield stub


def send(kind: str, number: str = "1", **values: str) -> Ticket:
    """The platform posts a message, and a worker takes it up."""
    moment = int(clock.now().timestamp())
    query, body = plain(xml(moment, kind, MsgId=number, **values), moment)
    given = dict(pair.split("=", 1) for pair in query.split("&"))
    receiving.receive(key="mp", query=given, body=body)
    fire_due(now=clock.now() + timedelta(seconds=1))
    return Ticket.objects.get(channel__key="mp")


def deliver() -> int:
    OutboxItem.objects.filter(state=OutboxState.READY).update(next_at=clock.now())
    return deliver_due()


@pytest.mark.parametrize(
    ("kind", "values", "content", "name"),
    [
        ("image", {"PicUrl": "http://mmbiz.qpic.cn/a"}, ("image/png", PNG), "wechat-image-1.png"),
        ("voice", {"Format": "amr"}, ("audio/amr", AMR), "wechat-voice-1.amr"),
        ("file", {"Title": "发票.pdf"}, ("application/octet-stream", b"%PDF-1.7\n" + bytes(40)), "发票.pdf"),
    ],
)
def test_what_a_customer_sends_is_kept_once(
    wechat: WeChat, kind: str, values: dict[str, str], content: tuple[str, bytes], name: str
) -> None:
    wechat.media["m-1"] = content
    ticket = send(kind, MediaId="m-1", **values)
    assert ticket.messages.get().attachments.count() == 0  # the words are there at once
    assert deliver() == 1
    assert deliver() == 0
    kept = ticket.messages.get().attachments.get()
    assert (kept.name, kept.size) == (name, len(content[1]))
    with kept.file.open("rb") as file:
        assert file.read() == content[1]


def test_pictures_of_a_running_conversation_hang_on_their_own_message(wechat: WeChat) -> None:
    wechat.media |= {"m-1": ("image/png", PNG), "m-2": ("image/png", PNG + b"2")}
    send("text", Content="在吗", number="1")
    send("image", MediaId="m-1", number="2")
    ticket = send("image", MediaId="m-2", number="3")
    deliver()
    found = [[file.size for file in said.attachments.all()] for said in ticket.messages.order_by("pk")]
    assert found == [[], [len(PNG)], [len(PNG) + 1]]


@pytest.mark.parametrize("content", [40007, ("image/png", b"<html>"), ("image/png", b"")])
def test_what_cannot_be_kept_is_said_on_the_ticket(wechat: WeChat, content: Any) -> None:
    wechat.media["m-1"] = content
    ticket = send("image", MediaId="m-1")
    assert deliver() == 0
    assert "没能保存" in ticket.messages.get(kind=MessageKind.NOTE).body
    assert OutboxItem.objects.get(kind="wechat.media").state == OutboxState.DEAD
    assert not Attachment.objects.exists()


def test_a_platform_that_is_away_is_asked_again_and_given_up_at_last(wechat: WeChat) -> None:
    wechat.media["m-1"] = -1
    ticket = send("image", MediaId="m-1")
    for _try in WECHAT_RETRY_AFTER:
        assert deliver() == 0
    assert not ticket.messages.filter(kind=MessageKind.NOTE).exists()
    deliver()
    assert "多次尝试后放弃" in ticket.messages.get(kind=MessageKind.NOTE).body


def test_a_picture_leaves_after_the_words(wechat: WeChat, agent: User) -> None:
    ticket = send("text", Content="尺码表有吗")
    file = attachments.store_attachment(upload=SimpleUploadedFile("尺码.png", PNG), actor=agent)
    conversation.reply(ticket=ticket, actor=agent, body="请看图", attachments=[file])
    assert deliver() == 2
    assert [sent["msgtype"] for sent in wechat.sent] == ["text", "image"]
    assert wechat.sent[1] == {"touser": OPEN_ID, "msgtype": "image", "image": {"media_id": "media-1"}}
    assert PNG in wechat.uploads[0]
    assert b'name="media"' in wechat.uploads[0]


def test_a_picture_that_wechat_refuses_is_undelivered(wechat: WeChat, agent: User) -> None:
    ticket = send("text", Content="尺码表有吗")
    file = attachments.store_attachment(upload=SimpleUploadedFile("尺码.png", PNG), actor=agent)
    message = conversation.reply(ticket=ticket, actor=agent, body="", attachments=[file])
    wechat.codes.append(40006)
    deliver()
    message.refresh_from_db()
    assert message.undelivered_at is not None
    assert message.undelivered_reason == "图片超过微信的大小限制"
    assert Channel.objects.get(key="mp").sending_failing_since is None
