"""Mail to customers: queued with the change it belongs to, sent by the outbox.

A queued item holds ids only. Address and words are read when it is sent: they stay encrypted
where they are, and a customer who was forgotten meanwhile gets nothing.
"""

import re
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.crypto import constant_time_compare, salted_hmac

from core.mail_sending import Refused, send
from core.mail_servers import PinnedBackend
from core.outbox import Undeliverable
from tickets import channels
from tickets.choices import ChannelKind, MessageKind
from tickets.models import Attachment, Mailbox, Ticket, TicketMessage

__all__ = [
    "Refused",
    "can_write_to",
    "check_reply",
    "compose",
    "find_own",
    "message_id",
    "queue_reply",
    "send",
    "send_reply",
    "ticket_number_in",
]

REFERENCES_MAX = 20
_SALT = "tickets.outgoing.message_id"
_OURS = re.compile(r"(\d{8,20})\.([a-z]+-\d{1,19})\.([0-9a-f]{20})@.+", re.ASCII)
_OURS_WITHIN = re.compile(r"(?<!\d)(\d{8,20})\.([a-z]+-\d{1,18})\.([0-9a-f]{20})@", re.ASCII)
_LINE_ENDS = re.compile(r"[\r\n]+")


def can_write_to(ticket: Ticket) -> bool:
    """Whether the customer wrote by mail and may be answered by mail. Anonymous means: no contact."""
    return ticket.channel.kind == ChannelKind.EMAIL and channels.of(ChannelKind.EMAIL).can_write_to(ticket)


def check_reply(*, ticket: Ticket, body: str, attachments: Sequence[Attachment]) -> None:
    """Refuse a reply that the ticket's channel could never deliver, with the reason and another way."""
    channels.of(ticket.channel.kind).check_reply(ticket=ticket, body=body, attachments=attachments)


def queue_reply(*, ticket: Ticket, message: TicketMessage) -> None:
    """Send a reply the way the ticket came, if its channel sends; in the caller's transaction."""
    channels.of(ticket.channel.kind).queue_reply(ticket=ticket, message=message)


def send_reply(message_id: int) -> None:
    """Send a queued reply. Raises Undeliverable when there is nobody to send it to any more."""
    message = (
        TicketMessage.objects.select_related("ticket__customer", "ticket__channel")
        .prefetch_related("attachments")
        .filter(pk=message_id, kind=MessageKind.REPLY)
        .first()
    )
    if message is None or not can_write_to(message.ticket):
        raise Undeliverable("the customer has no address any more")
    mail = compose(message.ticket, what=f"reply-{message.pk}", body=message.body, auto_submitted="no")
    for attachment in message.attachments.all():
        with attachment.file.open("rb") as file:
            mail.attach(attachment.name, file.read(), attachment.content_type)
    send(mail)


def compose(ticket: Ticket, *, what: str, body: str, auto_submitted: str) -> EmailMessage:
    """A mail in the ticket's thread. `what` ("reply-12") makes its Message-ID, the same on every try."""
    ids = _thread_ids(ticket)
    headers = {
        "Message-ID": f"<{message_id(ticket.number, what)}>",
        "X-Kean": ticket.number,
        "Auto-Submitted": auto_submitted,
    }
    if ids:
        headers["In-Reply-To"] = f"<{ids[-1]}>"
        headers["References"] = " ".join(f"<{one}>" for one in [*ids[:1], *ids[1:][-REFERENCES_MAX + 1 :]])
    subject = _LINE_ENDS.sub(" ", ticket.subject).strip()
    mailbox = _mailbox(ticket)
    return EmailMessage(
        subject=f"Re: {subject} [#{ticket.number}]",
        body=body,
        from_email=mailbox.address if mailbox else None,
        to=[ticket.customer.email],
        headers=headers,
        connection=_server(mailbox) if mailbox else None,
    )


def _mailbox(ticket: Ticket) -> Mailbox | None:
    """The mailbox through which answers of this ticket leave; None for the installation's own server."""
    found = Mailbox.objects.filter(channel=ticket.channel_id, is_active=True).first()
    return found if found and found.smtp_host else None


def _server(mailbox: Mailbox) -> PinnedBackend:
    return PinnedBackend(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=mailbox.smtp_security,
        username=mailbox.login if mailbox.password else "",
        password=mailbox.password,
    )


def message_id(number: str, what: str) -> str:
    """A Message-ID without brackets that tells the ticket and cannot be made up by strangers."""
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    host = address.rpartition("@")[2] or "localhost"
    return f"{number}.{what}.{_signature(number, what)}@{host}"


def ticket_number_in(reference: str) -> str | None:
    """The ticket of a Message-ID of ours; None for anybody else's."""
    match = _OURS.fullmatch(reference)
    if match is None or not constant_time_compare(match[3], _signature(match[1], match[2])):
        return None
    return match[1]


def find_own(text: str) -> tuple[str, str] | None:
    """Ticket number and `what` of the first Message-ID of ours anywhere in a text."""
    for match in _OURS_WITHIN.finditer(text):
        if constant_time_compare(match[3], _signature(match[1], match[2])):
            return match[1], match[2]
    return None


def _signature(number: str, what: str) -> str:
    return salted_hmac(_SALT, f"{number}.{what}", algorithm="sha256").hexdigest()[:20]


def _thread_ids(ticket: Ticket) -> list[str]:
    """Message ids of the customer's mails, oldest first."""
    said = ticket.messages.filter(kind=MessageKind.CUSTOMER, channel__kind=ChannelKind.EMAIL).exclude(external_id="")
    ids = [ticket.external_id, *said.order_by("created_at", "pk").values_list("external_id", flat=True)]
    return [one for one in ids if "@" in one and not re.search(r"[\s<>]", one)]
