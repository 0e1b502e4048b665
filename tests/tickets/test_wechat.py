"""WeChat official accounts: messages in, both modes; customer-service messages out, once, within 48 hours."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core import clock
from core.drain import drain
from core.errors import Conflict, InvalidInput
from core.outbox import OutboxItem, OutboxState, deliver_due
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tests.tickets.wechat_stub import AES_KEY, APP_ID, OPEN_ID, SETTINGS, TOKEN, WeChat, plain, sealed, xml
from tickets import channels
from tickets.choices import MessageKind
from tickets.models import Attachment, Channel, ChannelAccess, ChannelContact, InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, rules
from tickets.services.wechat import client as api
from tickets.services.wechat.account import account_of
from tickets.timers import take_up_stranded
from tickets.wechat import crypto
from tickets.wechat.answers import parts
from tickets.wechat.messages import Unreadable, read

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B03")]
URL = "/api/v1/inbound/mp/wechat/"


def account(admin: User, **settings: str) -> Channel:
    return rules.save_channel(
        channel=None, actor=admin, key="mp", name="公众号", kind="wechat", settings={**SETTINGS, **settings}
    )


@pytest.fixture
def channel(desk: Desk, admin: User) -> Channel:
    return account(admin)


@pytest.fixture
def safe_channel(desk: Desk, admin: User) -> Channel:
    return account(admin, encoding_aes_key=AES_KEY)


@pytest.fixture
def wechat(settings: Any) -> Iterator[WeChat]:
    with WeChat() as stub:
        settings.WECHAT_API_URL = stub.url
        yield stub


def now() -> int:
    return int(clock.now().timestamp())


def post(query: str, body: bytes) -> Any:
    return Client().post(f"{URL}?{query}", body, content_type="text/xml")


def say(text: str, number: str = "1") -> Any:
    return post(*plain(xml(now(), Content=text, MsgId=number), now()))


def work() -> None:
    fire_due(now=clock.now() + timedelta(seconds=1))


@pytest.fixture
def ticket(channel: Channel) -> Ticket:
    assert say("快递没到").content == b"success"
    work()
    return Ticket.objects.get(channel=channel)


def deliver() -> int:
    OutboxItem.objects.filter(state=OutboxState.READY).update(next_at=clock.now())
    return deliver_due()


# Formats


def test_the_platforms_own_sample_opens_and_closes() -> None:
    """The known answer that the platform publishes with its sample code."""
    key = crypto.decode_key(AES_KEY)
    text = "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    assert crypto.decrypt(text, key=key, app_id=APP_ID).decode() == "我是中文abcd123"
    assert crypto.encrypt("我是中文abcd123".encode(), key=key, app_id=APP_ID, filler=b"aaaabbbbccccdddd") == text


@pytest.mark.parametrize("length", range(32))
def test_every_length_is_padded_to_blocks_of_32(length: int) -> None:
    key = crypto.decode_key(AES_KEY)
    text = crypto.encrypt(b"x" * length, key=key, app_id=APP_ID)
    assert crypto.decrypt(text, key=key, app_id=APP_ID) == b"x" * length


def test_another_accounts_message_and_broken_ones_are_refused() -> None:
    key = crypto.decode_key(AES_KEY)
    other = crypto.encrypt(b"<xml/>", key=key, app_id="wx0000000000000000")
    for text in (other, "", "%%%", "AAAA", other[:-8] + "AAAAAAA="):
        with pytest.raises(crypto.Refused):
            crypto.decrypt(text, key=key, app_id=APP_ID)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"<html/>",
        b"<xml><MsgType>text</MsgType></xml>",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>text</MsgType></xml>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>',
        b"<xml>" + b"x" * 70_000 + b"</xml>",
        xml(1).replace("<CreateTime>1<", "<CreateTime>-1<").encode(),
    ],
)
def test_what_is_not_a_message_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("text", {"Content": "你好"}, "你好"),
        ("image", {"PicUrl": "http://mmbiz.qpic.cn/a", "MediaId": "m"}, "[图片] http://mmbiz.qpic.cn/a"),
        ("voice", {"MediaId": "m", "Format": "amr", "Recognition": "我要退货"}, "[语音] 我要退货"),
        ("voice", {"MediaId": "m", "Format": "amr"}, "[语音]"),
        ("video", {"MediaId": "m"}, "[视频]"),
        ("location", {"Location_X": "23.1", "Location_Y": "113.3", "Label": "广州"}, "[位置] 广州（23.1, 113.3）"),
        ("link", {"Title": "裙子", "Description": "红", "Url": "http://a.cn"}, "[链接] 裙子\n红\nhttp://a.cn"),
    ],
)
def test_every_kind_is_said_in_words(kind: str, values: dict[str, str], said: str) -> None:
    message = read(xml(1, kind, MsgId="7", **values).encode())
    assert (message.text(), message.is_spoken, message.key) == (said, True, "7")


def test_long_replies_are_cut_by_bytes_and_at_lines() -> None:
    text = "一行字\n" * 300 + "尾"
    pieces = parts(text, 2000)
    assert len(pieces) == 2
    assert all(len(piece.encode()) <= 2000 for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    assert parts("好" * 1000, 2000)[0] == "好" * 666


# In


def test_the_address_is_verified_by_its_signature(channel: Channel) -> None:
    signed = crypto.signature(TOKEN, "1763254800", "n1")
    query = f"signature={signed}&timestamp=1763254800&nonce=n1&echostr=5932"
    answer = Client().get(f"{URL}?{query}")
    assert (answer.status_code, answer.content) == (200, b"5932")
    assert answer["Content-Type"].startswith("text/plain")
    wrong = Client().get(f"{URL}?{query.replace(signed, '0' * 40)}")
    nowhere = Client().get(f"/api/v1/inbound/nowhere/wechat/?{query}")
    assert (wrong.status_code, nowhere.status_code) == (403, 403)
    assert wrong.json() == nowhere.json()


def test_a_message_is_acknowledged_first_and_worked_on_later(channel: Channel, agent: User) -> None:
    answer = say("快递三天没动")
    assert (answer.status_code, answer.content) == (200, b"success")
    assert not Ticket.objects.exists()
    work()
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.messages.get().body) == (channel, "快递三天没动")
    identity = ticket.customer.identities.get()
    assert (identity.platform, identity.external_id) == ("wechat", OPEN_ID)
    assert InboundMessage.objects.get().state == InboundMessage.State.PROCESSED


def test_safe_mode_takes_sealed_messages_and_no_others(safe_channel: Channel) -> None:
    body = xml(now(), Content="加密的话", MsgId="9")
    assert post(*sealed(body, now())).content == b"success"
    assert post(*plain(body.replace("9", "10"), now())).status_code == 403
    assert post(*sealed(body, now(), app_id="wx0000000000000000")).status_code == 403
    assert post(*sealed(body, now(), token="other")).status_code == 403
    work()
    assert TicketMessage.objects.get().body == "加密的话"


def test_an_old_or_wrongly_signed_message_changes_nothing(channel: Channel) -> None:
    body = xml(now(), Content="假的", MsgId="1")
    assert post(*plain(body, now() - 301)).status_code == 403
    assert post(*plain(body, now(), token="other")).status_code == 403
    assert post("", body.encode()).status_code == 403
    assert post(*plain("<xml>", now())).status_code == 400
    assert post(*plain("x" * 70_000, now())).status_code == 413
    assert not InboundMessage.objects.exists()


def test_the_same_message_again_is_one_message(channel: Channel) -> None:
    for _delivery in range(3):
        assert say("在吗", "5").content == b"success"
    work()
    work()
    assert TicketMessage.objects.count() == 1


def test_events_are_kept_once_and_open_no_ticket(channel: Channel) -> None:
    moment = now()
    for _delivery in range(2):
        assert post(*plain(xml(moment, "event", Event="subscribe"), now())).content == b"success"
    work()
    assert not Ticket.objects.exists()
    stored = InboundMessage.objects.get()
    assert (stored.external_id, stored.state) == (f"{OPEN_ID}:{moment}:subscribe", "rejected")


def test_messages_of_one_person_are_one_conversation_until_it_is_closed(channel: Channel) -> None:
    for number, text in enumerate(("在吗", "快递没到", "急"), start=1):
        say(text, str(number))
    work()
    ticket = Ticket.objects.get()
    assert [message.body for message in ticket.messages.order_by("pk")] == ["在吗", "快递没到", "急"]
    Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_at=clock.now())
    say("谢谢", "8")
    work()
    assert Ticket.objects.count() == 1
    say("又坏了", "9")
    work()
    assert Ticket.objects.count() == 2
    assert ChannelContact.objects.get().ticket == Ticket.objects.latest("pk")


def test_a_message_whose_worker_died_is_taken_up_by_the_sweep(channel: Channel) -> None:
    say("在吗")
    InboundMessage.objects.update(received_at=clock.now() - timedelta(minutes=5))
    take_up_stranded(clock.now())
    work()
    assert TicketMessage.objects.count() == 1
    assert ChannelContact.objects.get().ticket == Ticket.objects.get()


# Out


def test_a_reply_leaves_through_the_outbox_and_a_failing_server_gets_it_once(
    ticket: Ticket, agent: User, wechat: WeChat
) -> None:
    wechat.failures.extend([500, 502])
    conversation.reply(ticket=ticket, actor=agent, body="您好，已为您催件。")
    assert deliver() == 0
    assert deliver() == 0
    assert deliver() == 1
    assert deliver() == 0
    assert wechat.sent == [{"touser": OPEN_ID, "msgtype": "text", "text": {"content": "您好，已为您催件。"}}]
    assert wechat.tries == 3
    assert len(wechat.token_requests) == 1
    assert OutboxItem.objects.get(kind="wechat").state == OutboxState.SENT


def test_what_waits_tells_neither_words_nor_account(ticket: Ticket, agent: User) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="秘密")
    item = OutboxItem.objects.get(kind="wechat")
    assert (item.dedupe_key, item.payload) == (f"reply:{message.pk}:0", {"message": message.pk, "part": 0})
    assert OPEN_ID not in item.target


def test_a_long_reply_leaves_in_parts_in_order(ticket: Ticket, agent: User, wechat: WeChat) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="一" * 600 + "\n" + "二" * 600)
    drain(senders_at_once=1)
    assert [sent["text"]["content"][0] for sent in wechat.sent] == ["一", "二"]


def test_a_refused_token_is_replaced_and_the_message_sent(ticket: Ticket, agent: User, wechat: WeChat) -> None:
    row = ChannelAccess.objects.create(channel=ticket.channel, token="old", expires_at=clock.now() + timedelta(hours=1))
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    assert deliver() == 1
    row.refresh_from_db()
    assert (row.token, len(wechat.sent), len(wechat.token_requests)) == ("token-1", 1, 1)


def test_a_token_that_the_platform_gives_and_refuses_is_replaced_by_force(
    ticket: Ticket, agent: User, wechat: WeChat
) -> None:
    ChannelAccess.objects.create(
        channel=ticket.channel, token=wechat.good_token, expires_at=clock.now() + timedelta(hours=1)
    )
    wechat.codes.append(40001)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    assert deliver() == 1
    assert [request["force_refresh"] for request in wechat.token_requests] == [False, True]


@pytest.mark.parametrize("code", [45015, 45047, 48001, 40003, 43004])
def test_what_the_platform_will_never_deliver_is_noted_on_the_ticket(
    ticket: Ticket, agent: User, wechat: WeChat, code: int
) -> None:
    wechat.codes.append(code)
    message = conversation.reply(ticket=ticket, actor=agent, body="一" * 600 + "\n" + "二" * 600)
    for _try in range(3):
        deliver()
    message.refresh_from_db()
    note = ticket.messages.get(kind=MessageKind.NOTE)
    assert message.undelivered_at is not None
    assert note.body.startswith("微信回复未送达：")
    assert wechat.sent == []
    assert set(OutboxItem.objects.filter(kind="wechat").values_list("state", flat=True)) == {OutboxState.DEAD}


@pytest.mark.parametrize("code", [-1, 45009, 99999])
def test_what_may_pass_is_tried_again(ticket: Ticket, agent: User, wechat: WeChat, code: int) -> None:
    wechat.codes.append(code)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    assert (deliver(), deliver()) == (0, 1)
    assert len(wechat.sent) == 1


def test_giving_up_after_the_last_try_is_noted(ticket: Ticket, agent: User, wechat: WeChat) -> None:
    wechat.failures.extend([500] * 20)
    conversation.reply(ticket=ticket, actor=agent, body="您好")
    for _try in range(12):
        deliver()
    assert wechat.tries == 10
    assert "多次尝试后放弃" in ticket.messages.get(kind=MessageKind.NOTE).body


def test_the_window_is_48_hours_after_the_customers_last_message(frozen: Any, channel: Channel, agent: User) -> None:
    say("在吗")
    work()
    ticket = Ticket.objects.select_related("channel", "customer").get()
    closes_at = channels.of("wechat").window_closes_at(ticket)
    assert closes_at == clock.now() + timedelta(hours=48)
    frozen.shift(timedelta(hours=48, seconds=-1))
    conversation.reply(ticket=ticket, actor=agent, body="来得及")
    frozen.shift(timedelta(seconds=1))
    with pytest.raises(Conflict) as refused:
        conversation.reply(ticket=ticket, actor=agent, body="来不及")
    assert refused.value.code == "window_closed"
    assert "超过 48 小时" in refused.value.message
    assert "请等客户再次来信" in refused.value.message
    say("还在吗", "2")
    work()
    conversation.reply(ticket=ticket, actor=agent, body="又可以了")


def test_a_customer_with_a_phone_can_be_called_instead(frozen: Any, channel: Channel, agent: User) -> None:
    say("在吗")
    work()
    ticket = Ticket.objects.get()
    ticket.customer.phone = "13800138000"
    ticket.customer.save(update_fields=["phone"])
    frozen.shift(timedelta(hours=49))
    with pytest.raises(Conflict, match="请改用电话联系客户"):
        conversation.reply(ticket=ticket, actor=agent, body="来不及")


def test_files_are_refused_before_anything_is_written(ticket: Ticket, agent: User) -> None:
    for kind, size in (("application/pdf", 1), ("image/png", 10 * 1024 * 1024 + 1)):
        file = Attachment.objects.create(name="a", size=size, content_type=kind, sha256="0", uploader=agent)
        with pytest.raises(InvalidInput) as refused:
            conversation.reply(ticket=ticket, actor=agent, body="见图", attachments=[file])
        assert "attachments" in refused.value.fields
    assert not ticket.messages.filter(kind=MessageKind.REPLY).exists()


# Settings


def test_settings_are_judged_and_secrets_are_not_shown(admin: User, desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        account(admin, app_id="gh_1", unknown="x")
    assert len(refused.value.fields["settings"]) == 2
    channel = account(admin, encoding_aes_key=AES_KEY)
    rules.save_channel(channel=channel, actor=admin, settings={"encoding_aes_key": "", "app_secret": "1" * 32})
    found = account_of(Channel.objects.get(pk=channel.pk))
    assert found is not None
    assert (found.key, found.app_secret, found.token) == (None, "1" * 32, TOKEN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT config FROM tickets_channel WHERE key = 'mp'")
        assert TOKEN.encode() not in bytes(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_many_senders_fetch_one_token(desk: Desk, admin: User, wechat: WeChat) -> None:
    channel = account(admin)
    found = account_of(channel)
    assert found is not None
    tokens: list[str] = []

    def ask() -> None:
        tokens.append(api.access_token(channel, found))
        connection.close()

    threads = [threading.Thread(target=ask) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens == ["token-1"] * 8
    assert len(wechat.token_requests) == 1
