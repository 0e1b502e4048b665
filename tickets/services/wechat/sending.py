"""Replies to WeChat: each part leaves once through the outbox, or the ticket says why it never will."""

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.outbound import NoAnswer
from core.outbox import Undeliverable
from tickets import channels
from tickets.choices import ChannelKind, MessageKind
from tickets.models import Attachment, Channel, ChannelContact, TicketMessage
from tickets.services import channel_health
from tickets.services.channel_health import Way
from tickets.services.undelivered import note_undelivered
from tickets.services.wechat import client
from tickets.services.wechat.account import account_of
from tickets.wechat.answers import WINDOW_CLOSED, Outcome, outcome, parts

REASONS: dict[int, Promise] = {
    40003: lazy("客户的微信账号不正确"),
    40004: lazy("微信不接受这种文件"),
    40005: lazy("微信不接受这种文件"),
    40006: lazy("图片超过微信的大小限制"),
    40009: lazy("图片超过微信的大小限制"),
    43004: lazy("客户没有关注公众号"),
    45002: lazy("内容超过微信的长度限制"),
    WINDOW_CLOSED: lazy("距客户最后一条消息已超过 48 小时，或客户已取消关注"),
    45047: lazy("在客户再次来信之前，微信不再接收更多回复"),
    48001: lazy("公众号没有客服消息的接口权限"),
    48002: lazy("客户已拒收公众号消息"),
    50002: lazy("公众号的接口权限受到限制"),
}


def deliver(*, message_id: int, index: int, is_last_try: bool, is_first_try: bool = True) -> None:
    """Send one part of a reply; one that is given up after the last try is noted on its ticket.

    Raises whatever sending raises, for the outbox to decide when to try again.
    """
    message = TicketMessage.objects.select_related("ticket").filter(pk=message_id).first()
    try:
        send_part(message_id=message_id, index=index)
    except (client.Failed, NoAnswer) as error:
        if message is not None:
            _note_trouble(message.ticket.channel_id, error, is_first_try=is_first_try)
        if is_last_try and message is not None:
            code = f" {error.code}" if isinstance(error, client.Failed) else ""
            reason = _("多次尝试后放弃%(code)s") % {"code": code}
            note_undelivered(message=message, sentence=_sentence(reason), reason=reason)
        raise
    if message is not None:
        channel_health.works(channel_id=message.ticket.channel_id, way=Way.SENDING)


def _note_trouble(channel_id: int, error: client.Failed | NoAnswer, *, is_first_try: bool) -> None:
    """A refused account is wrong at once; a platform that does not answer, when it goes on."""
    if isinstance(error, client.TokenRefused):
        said = _("微信拒绝了公众号的凭证（%(code)s），请核对接入参数和 IP 白名单。") % {"code": error.code}
    elif isinstance(error, NoAnswer) and not is_first_try:
        said = _("微信没有应答。")
    else:
        return
    channel_health.failed(channel_id=channel_id, way=Way.SENDING, error=said)


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
    send = _part(message, index, contact.external_id)
    code = _sent(channel, send) if send else 0
    match outcome(code):
        case Outcome.DONE:
            return
        case Outcome.NEVER:
            _give_up(message, str(REASONS[code]))
        case _:
            raise client.Failed(code)


def _part(message: TicketMessage, index: int, open_id: str) -> Callable[[str], int] | None:
    """What sends this part with a token: the pieces of the text, then the pictures. None past the last."""
    limit = channels.of(ChannelKind.WECHAT).text_bytes or 0
    pieces = parts(message.body, limit)
    if index < len(pieces):
        return lambda token: client.send_text(token=token, open_id=open_id, text=pieces[index])
    pictures = list(message.attachments.order_by("pk"))[index - len(pieces) :]
    return partial(_send_picture, pictures[0], open_id) if pictures else None


def _send_picture(picture: Attachment, open_id: str, token: str) -> int:
    """Give the picture to the platform and send it; the platform's code, of whichever step."""
    extension = picture.content_type.rpartition("/")[2]
    with picture.file.open("rb") as file:
        content = file.read()
    try:
        media_id = client.upload_image(
            token=token, name=f"{picture.pk}.{extension}", content=content, content_type=picture.content_type
        )
    except client.Failed as failed:
        return failed.code
    return client.send_image(token=token, open_id=open_id, media_id=media_id)


def _sent(channel: Channel, send: Callable[[str], int]) -> int:
    """The platform's answer; after a refused token, its answer to a new one."""
    account = account_of(channel)
    if account is None:
        raise client.Failed(-1)
    token = client.access_token(channel, account)
    code = send(token)
    if outcome(code) == Outcome.NEW_TOKEN:
        code = send(client.access_token(channel, account, refused=token))
    return code


def _give_up(message: TicketMessage, reason: str) -> NoReturn:
    note_undelivered(message=message, sentence=_sentence(reason), reason=reason)
    raise Undeliverable(reason)


def _sentence(reason: str) -> str:
    return _("微信回复未送达：%(reason)s。请改用电话、短信等方式联系客户，或等客户再次来信。") % {"reason": reason}
