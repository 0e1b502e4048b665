"""Replies to WeChat: each part leaves once through the outbox, or the ticket says why it never will."""

from typing import NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.outbound import NoAnswer
from core.outbox import Undeliverable
from tickets import channels
from tickets.choices import ChannelKind, MessageKind
from tickets.models import Channel, ChannelContact, TicketMessage
from tickets.services.undelivered import note_undelivered
from tickets.services.wechat import client
from tickets.services.wechat.account import account_of
from tickets.wechat.answers import WINDOW_CLOSED, Outcome, outcome, parts

REASONS: dict[int, Promise] = {
    40003: lazy("客户的微信账号不正确"),
    43004: lazy("客户没有关注公众号"),
    45002: lazy("内容超过微信的长度限制"),
    WINDOW_CLOSED: lazy("距客户最后一条消息已超过 48 小时，或客户已取消关注"),
    45047: lazy("在客户再次来信之前，微信不再接收更多回复"),
    48001: lazy("公众号没有客服消息的接口权限"),
    48002: lazy("客户已拒收公众号消息"),
    50002: lazy("公众号的接口权限受到限制"),
}


def deliver(*, message_id: int, index: int, is_last_try: bool) -> None:
    """Send one part of a reply; one that is given up after the last try is noted on its ticket.

    Raises whatever sending raises, for the outbox to decide when to try again.
    """
    try:
        send_part(message_id=message_id, index=index)
    except (client.Failed, NoAnswer) as error:
        message = TicketMessage.objects.select_related("ticket").filter(pk=message_id).first()
        if is_last_try and message is not None:
            code = f" {error.code}" if isinstance(error, client.Failed) else ""
            note_undelivered(message=message, sentence=_sentence(_("多次尝试后放弃%(code)s") % {"code": code}))
        raise


def send_part(*, message_id: int, index: int) -> None:
    """Send one part of a reply. Raises Undeliverable for never; anything else is tried again."""
    message = (
        TicketMessage.objects.select_related("ticket__customer", "ticket__channel")
        .filter(pk=message_id, kind=MessageKind.REPLY)
        .first()
    )
    if message is None or message.ticket.customer.is_anonymous:
        raise Undeliverable("the customer is not there any more")
    if message.undelivered_at is not None:
        raise Undeliverable("an earlier part was not delivered")
    channel = message.ticket.channel
    contact = ChannelContact.objects.answering(message.ticket)
    if contact is None or not channel.is_active or channel.kind != ChannelKind.WECHAT:
        _give_up(message, _("渠道已停用，或找不到客户的微信账号"))
    text = _part(message, index)
    code = _sent(channel, contact.external_id, text) if text else 0
    match outcome(code):
        case Outcome.DONE:
            return
        case Outcome.NEVER:
            _give_up(message, str(REASONS[code]))
        case _:
            raise client.Failed(code)


def _part(message: TicketMessage, index: int) -> str:
    limit = channels.of(ChannelKind.WECHAT).text_bytes or 0
    pieces = parts(message.body, limit)
    return pieces[index] if index < len(pieces) else ""


def _sent(channel: Channel, open_id: str, text: str) -> int:
    """The platform's answer; after a refused token, its answer to a new one."""
    account = account_of(channel)
    if account is None:
        raise client.Failed(-1)
    token = client.access_token(channel, account)
    code = client.send_text(token=token, open_id=open_id, text=text)
    if outcome(code) == Outcome.NEW_TOKEN:
        token = client.access_token(channel, account, refused=token)
        code = client.send_text(token=token, open_id=open_id, text=text)
    return code


def _give_up(message: TicketMessage, reason: str) -> NoReturn:
    note_undelivered(message=message, sentence=_sentence(reason))
    raise Undeliverable(reason)


def _sentence(reason: str) -> str:
    return _("微信回复未送达：%(reason)s。请改用电话、短信等方式联系客户，或等客户再次来信。") % {"reason": reason}
