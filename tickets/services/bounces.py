"""Letters of ours that came back: a note on the ticket and a mark on the message, and nothing else.

No ticket is opened, no state changes and no clock moves: nobody wrote to us.
"""

import re
import smtplib
from dataclasses import dataclass
from email.utils import parseaddr

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.language import mask_email, mask_text
from customers import outreach
from customers.outreach import bounced
from tickets.choices import MessageKind
from tickets.email import Mail
from tickets.models import Ticket, TicketMessage
from tickets.services import channel_health, outgoing
from tickets.services.channel_health import Way
from tickets.services.undelivered import leave_note, lock_living, note_undelivered

REASON_LENGTH = 200
#: Reports are short; what is longer is our own letter, whose headers stand at its beginning.
READ_BYTES = 200_000
_REPORT = "message/delivery-status"
_ACTION = re.compile(r"^Action:\s*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(r"^(?:Final|Original)-Recipient:[^;\r\n]*;[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_DIAGNOSIS = re.compile(r"^Diagnostic-Code:[^;\r\n]*;[ \t]*(.+(?:\r?\n[ \t]+.+)*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Bounce:
    """Which letter of ours came back: `what` as in `outgoing.compose`; address and reason as the report says."""

    number: str
    what: str
    address: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What another server says of a letter it will not deliver: everything it wrote, whom for, and why."""

    texts: list[str]
    address: str
    reason: str


def report_of(raw: bytes, mail: Mail) -> Report | None:
    """What a bounce says; None for other mail, and while delivery is still tried."""
    if mail.automatic is None or mail.automatic.kind != "bounce":
        return None
    parts = [(file.content_type, file.content()[:READ_BYTES].decode("utf-8", "replace")) for file in mail.files]
    report = "\n".join(text for content_type, text in parts if content_type == _REPORT)
    actions = {action.lower() for action in _ACTION.findall(report)}
    if actions and "failed" not in actions:
        return None
    texts = [*mail.references, mail.text, raw.decode("latin-1"), *(text for _type, text in parts)]
    recipient, diagnosis = _RECIPIENT.search(report), _DIAGNOSIS.search(report)
    return Report(
        texts=texts,
        address=parseaddr(recipient[1])[1] if recipient else "",
        reason=" ".join(diagnosis[1].split()) if diagnosis else "",
    )


def bounce_of(report: Report) -> Bounce | None:
    """Which letter of a ticket came back; None when it was none of ours."""
    ours = next(filter(None, map(outgoing.find_own, report.texts)), None)
    return Bounce(*ours, report.address, report.reason) if ours is not None else None


def note_outreach(report: Report) -> bool:
    """Mark the message we sent of our own accord that came back; False when it was none."""
    row = bounced.find_own(report.texts)
    return row is not None and outreach.came_back(outreach=row)


def deliver_reply(*, message_id: int, is_last_try: bool, is_first_try: bool = True) -> None:
    """Send a reply; one that is refused, or given up after the last try, is noted on its ticket at once.

    Raises whatever sending raises, for the outbox to decide when to try again.
    """
    try:
        outgoing.send_reply(message_id)
    except outgoing.Refused as refused:
        _note_unsent(message_id, str(refused))
        raise
    except Exception as error:
        if is_ours(error, is_first_try=is_first_try):
            channel_health.failed(channel_id=_channel(message_id), way=Way.SENDING, error=_said(error))
        if is_last_try:
            _note_unsent(message_id, _("多次尝试后放弃（%s）") % type(error).__name__)
        raise
    channel_health.works(channel_id=_channel(message_id), way=Way.SENDING)


def is_ours(error: Exception, *, is_first_try: bool) -> bool:
    """Whether our own server or login is to blame, not the receiver. One broken line alone says nothing yet."""
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused):
        return True
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        return False
    return not is_first_try and isinstance(error, OSError | DomainError)


def _said(error: Exception) -> str:
    """The error as a person reads it; servers repeat names and addresses in theirs."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _("登录被拒绝：%s") % error.smtp_code
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return mask_text(f"{error.smtp_code} {said}")
    return error.message if isinstance(error, DomainError) else type(error).__name__


def _channel(message_id: int) -> int:
    """The channel of a message's ticket; 0 when it is gone."""
    found = TicketMessage.objects.filter(pk=message_id).values_list("ticket__channel_id", flat=True).first()
    return found or 0


def _note_unsent(message_id: int, reason: str) -> None:
    message = TicketMessage.objects.select_related("ticket__customer").filter(pk=message_id).first()
    if message is not None:
        address = message.ticket.customer.email or ""
        note_bounce(Bounce(message.ticket.number, f"reply-{message_id}", address, reason))


@transaction.atomic
def note_bounce(bounce: Bounce) -> Ticket | None:
    """Mark the message and leave a note, once for each message; None when there is no such ticket any more."""
    message = _message(bounce)
    ticket = message.ticket if message else Ticket.objects.filter(number=bounce.number).first()
    if ticket is None:
        return None
    living = lock_living(ticket)
    sentence = _sentence(bounce, living)
    if message is None:
        kind, _dash, key = bounce.what.partition("-")
        row = bounced.latest_mail_about(subject_type=kind, subject_id=int(key))
        if row is not None:
            outreach.came_back(outreach=row)
        leave_note(ticket=living, sentence=sentence, undelivered=None)
    else:
        note_undelivered(message=message, sentence=sentence, reason=mask_text(bounce.reason))
    return living


def _message(bounce: Bounce) -> TicketMessage | None:
    kind, _dash, key = bounce.what.partition("-")
    if kind != "reply":
        return None
    return TicketMessage.objects.select_related("ticket").filter(pk=int(key), kind=MessageKind.REPLY).first()


def _sentence(bounce: Bounce, ticket: Ticket) -> str:
    address = bounce.address if "@" in bounce.address else ticket.customer.email or ""
    shown = mask_email(address) if address else _("收件地址不详")
    reason = mask_text(bounce.reason)[:REASON_LENGTH]
    sentence = _("邮件未送达：%(address)s。请核对地址，或用其他方式联系客户。") % {"address": shown}
    return f"{sentence}\n{_('对方服务器：%(reason)s') % {'reason': reason}}" if reason else sentence
