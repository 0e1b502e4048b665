"""The mail behind a message, as it arrived: full of personal data, so every look is written down."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import NotAllowed, NotFound
from core.language import mask_payment
from core.privacy.services import REVEAL_PERMISSION, reveal
from tickets.choices import ChannelKind, MessageKind
from tickets.email import read_mail
from tickets.email.display import Shown, show
from tickets.models import InboundMessage, TicketMessage
from tickets.services import email

if TYPE_CHECKING:
    from crm.staff.models import User


def original_mail(*, message: TicketMessage, actor: "User") -> bytes:
    """The mail byte for byte. The caller has made sure that the actor may see the ticket.

    Raises NotAllowed without the right to full personal data, NotFound when the message came by another way.
    """
    stored = _stored(message)
    if stored is None or not email.is_mail(stored):
        raise NotFound(_("这条消息没有原始邮件。"))
    reason = _("下载工单 %(number)s 的原始邮件") % {"number": message.ticket.number}
    reveal(instance=stored, field="payload", actor=actor, reason=reason)
    return email.original(stored)


def shown_mail(*, message: TicketMessage, actor: "User", remote: bool) -> Shown:
    """The mail as it looked, as safe HTML with payment numbers masked. The caller has made sure of the sight.

    remote: leave in the pictures that have to be fetched. Raises as `original_mail` does.
    """
    stored = _stored(message)
    if stored is None or not email.is_mail(stored):
        raise NotFound(_("这条消息没有原始邮件。"))
    if not actor.has_perm(REVEAL_PERMISSION):
        raise NotAllowed(_("没有权限查看完整的邮件。"))
    return show(read_mail(email.original(stored)), fold=_("展开引用"), remote=remote, mask=mask_payment)


def _stored(message: TicketMessage) -> InboundMessage | None:
    if message.kind != MessageKind.CUSTOMER:
        return None
    if message.external_id:
        return InboundMessage.objects.filter(channel_key=email.CHANNEL, external_id=message.external_id).first()
    # What opened the ticket has its key there; a message of a ticket merged into this one began earlier or later.
    ticket = message.ticket
    is_first = message.created_at == ticket.created_at and ticket.channel.kind == ChannelKind.EMAIL
    return ticket.inbound if is_first else None
