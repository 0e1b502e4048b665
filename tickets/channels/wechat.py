"""WeChat official accounts: customer-service messages within 48 hours of the customer's last message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.errors import Conflict, InvalidInput
from core.outbox import OutboxData, enqueue_many
from tickets.channels.base import ChannelType, Content, Proof, Setting
from tickets.choices import ChannelKind
from tickets.wechat.answers import parts

if TYPE_CHECKING:
    from tickets.models import Attachment, Ticket, TicketMessage

REPLY = "wechat"
#: What the platform takes for a picture.
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif"})
IMAGE_BYTES = 10 * 1024 * 1024


class WeChat(ChannelType):
    kind = ChannelKind.WECHAT
    sends = frozenset({Content.TEXT, Content.IMAGE})
    text_bytes = 2000
    reply_window = timedelta(hours=48)
    proof = Proof.WECHAT
    settings = (
        Setting("app_id", lazy("AppID"), pattern=r"wx[0-9a-f]{16}"),
        Setting("app_secret", lazy("AppSecret"), is_secret=True, pattern=r"[0-9a-f]{32}"),
        Setting("token", lazy("令牌（Token）"), is_secret=True, pattern=r"[0-9A-Za-z]{3,32}"),
        Setting(
            "encoding_aes_key",
            lazy("消息加解密密钥（EncodingAESKey）"),
            is_secret=True,
            is_required=False,
            pattern=r"[0-9A-Za-z]{43}",
        ),
    )

    def can_write_to(self, ticket: "Ticket") -> bool:
        return not ticket.customer.is_anonymous

    def window_closes_at(self, ticket: "Ticket") -> datetime | None:
        """48 hours after the customer's last message on this channel; None when there is none."""
        contact = ticket.channel.contacts.answering(ticket)
        return contact.last_wrote_at + self.reply_window if contact else None

    def check_reply(self, *, ticket: "Ticket", body: str, attachments: Sequence["Attachment"]) -> None:
        for file in attachments:
            if file.content_type not in IMAGES or file.size > IMAGE_BYTES:
                sentence = _("微信渠道只能发送文字和 10 MB 以内的 JPG、PNG、GIF 图片，不能发送“%(name)s”。") % {
                    "name": file.name
                }
                raise InvalidInput(sentence, fields={"attachments": [sentence]})
        closes_at = self.window_closes_at(ticket)
        if closes_at is not None and clock.now() < closes_at:
            return
        reason = (
            _("距客户最后一条消息已超过 48 小时，微信不再允许回复。")
            if closes_at
            else _("找不到客户的微信账号，无法回复。")
        )
        raise Conflict(f"{reason}{_alternative(ticket)}", code="window_closed", fields={"body": [reason]})

    def queue_reply(self, *, ticket: "Ticket", message: "TicketMessage") -> None:
        """One item for each part of the text, then one for each picture; their lane keeps the order."""
        count = len(parts(message.body, self.text_bytes)) + message.attachments.count()
        enqueue_many(
            [
                OutboxData(
                    kind=REPLY,
                    dedupe_key=f"reply:{message.pk}:{index}",
                    target=f"ticket:{ticket.pk}",
                    payload={"message": message.pk, "part": index},
                    lane=f"wechat:{ticket.pk}",
                )
                for index in range(count)
            ]
        )


def _alternative(ticket: "Ticket") -> str:
    """How else the customer can be reached."""
    ways = [word for word, given in ((_("电话"), ticket.customer.phone), (_("邮件"), ticket.customer.email)) if given]
    if not ways:
        return _("请等客户再次来信，或写内部备注说明。")
    return _("请改用%(ways)s联系客户，或等客户再次来信。") % {"ways": "、".join(ways)}
