"""Mail to tickets: stored first, then ignored, added to the conversation it answers, or opened as a ticket."""

import base64
import hashlib
import json
import logging
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import DomainError
from core.language import mask_payment
from core.text import FORBIDDEN_IN_LINE
from customers.normalisation import check_email
from tickets import configuration
from tickets.choices import ChannelKind
from tickets.email import Mail, read_mail
from tickets.email.redaction import redacted, redacted_bytes
from tickets.models import Attachment, Channel, InboundMessage, Mailbox, Ticket, TicketMessage
from tickets.services import bounces, catalogue, conversation, intake, outgoing
from tickets.services.attachments import clean_name, store_attachment

logger = logging.getLogger(__name__)

CHANNEL = "email"
BODY_LIMIT = 20_000
NAME_LIMIT = 100
EXTERNAL_ID_LIMIT = 200

_TICKET_MARK = re.compile(r"\[#(\d{8,20})\]", re.ASCII)
_not_in_a_line = re.compile(f"[{FORBIDDEN_IN_LINE}]+")


class Outcome(StrEnum):
    CREATED = "created"
    APPENDED = "appended"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Received:
    """What became of a mail. `reason` is a sentence, empty when there is nothing to say."""

    result: Outcome
    ticket: int | None = None
    sender: str = ""
    subject: str = ""
    text: str = ""
    attachments: list[str] = field(default_factory=list)
    reason: str = ""


def receive_mail(raw: bytes, *, channel: str = CHANNEL, is_cut: bool = False) -> Received:
    """Take one message in. Any bytes give an answer; the same mail again, by whichever mailbox, changes nothing.

    is_cut: only the beginning of a mail that is too large; its files are left out and the ticket says so.
    """
    mail = _read(raw, is_cut=is_cut)
    raw, mail, key = *_without_payment_data(raw, mail), _key(raw, mail)
    seen = Received(
        Outcome.REJECTED,
        sender=mail.sender,
        subject=mail.subject,
        text=_cut(mail.text),
        attachments=[clean_name(file.name) for file in mail.files],
    )
    if mail.fault in ("empty", "too_large"):
        return replace(seen, reason=_fault(mail.fault))
    stored = _store_raw(raw, key, {"channel": channel, "cut": is_cut})
    if mail.fault:
        _set_aside(stored, _fault(mail.fault))
        return replace(seen, reason=_fault(mail.fault))
    if mail.automatic is not None:
        reason = _automatic(mail) + _came_back(raw, mail)
        _set_aside(stored, reason)
        return replace(seen, result=Outcome.IGNORED, reason=reason)
    try:
        outcome, ticket, refused = _take(stored, mail, channel)
    except DomainError as error:
        _set_aside(stored, str(error))
        return replace(seen, reason=str(error))
    return replace(seen, result=outcome, ticket=ticket, reason="；".join(refused))


def take_up(stored: InboundMessage) -> bool:
    """Finish a stored message whose processing died; True when it became a ticket."""
    if not is_mail(stored):
        return intake.process(stored).created
    given = json.loads(stored.payload)
    mail = _read(original(stored), is_cut=given.get("cut", False))
    outcome, _ticket, _refused = _take(stored, mail, given.get("channel", CHANNEL))
    return outcome == Outcome.CREATED


def is_kept(raw: bytes) -> bool:
    """Whether the mail is stored, whatever became of it."""
    return InboundMessage.objects.filter(channel_key=CHANNEL, external_id=_key(raw, _read(raw))).exists()


def is_mail(stored: InboundMessage) -> bool:
    """Whether the stored message is a mail, and not one that came through the API under this channel."""
    return stored.payload.startswith('{"mail"')


def original(stored: InboundMessage) -> bytes:
    """The mail as it arrived, byte for byte."""
    return zlib.decompress(base64.b64decode(json.loads(stored.payload)["mail"]))


def own_addresses() -> frozenset[str]:
    """Addresses we send from: mail from them is our own coming back."""
    given = (settings.DEFAULT_FROM_EMAIL, settings.SERVER_EMAIL, settings.EMAIL_HOST_USER)
    ours = {address for _name, address in (parseaddr((one or "").lower()) for one in given) if "@" in address}
    return frozenset(ours.union(Mailbox.objects.values_list("address", flat=True)))


def _read(raw: bytes, *, is_cut: bool = False) -> Mail:
    own = own_addresses()
    try:
        mail = read_mail(raw, own=own)
    except Exception:  # one mail that the reader trips over must not hold up the others; it is kept as it is
        logger.exception("A mail could not be read.")
        return Mail(fault="unreadable")
    if not is_cut:
        return mail
    note = _("邮件超过 25 MB，附件未收取；原件保留在邮箱中。")
    return replace(mail, text=f"{mail.text}\n{note}".strip(), files=[], is_reply=False)


def _fault(fault: str) -> str:
    return {
        "empty": _("邮件是空的。"),
        "too_large": _("邮件超过 25 MB。"),
        "too_complex": _("邮件的部分过多或嵌套过深。"),
    }.get(fault) or _("邮件无法解析，原文已保存。")


def _automatic(mail: Mail) -> str:
    assert mail.automatic is not None
    kinds = {"bounce": _("退信"), "auto_reply": _("自动回复"), "loop": _("循环或群发邮件")}
    return _("%(kind)s（%(sign)s），未建工单。") % {"kind": kinds[mail.automatic.kind], "sign": mail.automatic.sign}


def _came_back(raw: bytes, mail: Mail) -> str:
    """Note a letter of ours that came back on its ticket or its outreach; what to say of it."""
    report = bounces.report_of(raw, mail)
    if report is None:
        return ""
    bounce = bounces.bounce_of(report)
    if bounce is None:
        return _("已记在主动联系上。") if bounces.note_outreach(report) else ""
    ticket = bounces.note_bounce(bounce)
    return _("已在工单 %(number)s 备注。") % {"number": ticket.number} if ticket else ""


# Raw first


def _external_id(message_id: str) -> str:
    """A message id as the key of a message; long ones by their digest."""
    if len(message_id) <= EXTERNAL_ID_LIMIT:
        return message_id
    return f"sha256:{hashlib.sha256(message_id.encode()).hexdigest()}"


def _key(raw: bytes, mail: Mail) -> str:
    return _external_id(_line(mail.message_id)) or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _without_payment_data(raw: bytes, mail: Mail) -> tuple[bytes, Mail]:
    """What may be kept of a mail, and how it reads then. Files are those of the mail as it came."""
    if mail.fault == "unreadable":
        return redacted_bytes(raw, mask_payment), mail
    kept = redacted(raw, mail, mask_payment)
    if kept is raw:
        return raw, mail
    return kept, replace(mail, subject=mask_payment(mail.subject), text=mask_payment(mail.text))


def mask_payload(payload: str) -> str:
    """A stored message without bank card and identity numbers: a mail, or what came by another way."""
    given = json.loads(payload)
    if not payload.startswith('{"mail"'):
        given |= {name: mask_payment(given[name]) for name in ("subject", "body") if name in given}
        return json.dumps(given, ensure_ascii=False)
    raw = zlib.decompress(base64.b64decode(given["mail"]))
    kept, _mail = _without_payment_data(raw, _read(raw))
    return payload if kept == raw else json.dumps({**given, "mail": _packed(kept)})


def _packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw)).decode()


def _store_raw(raw: bytes, key: str, given: dict[str, Any]) -> InboundMessage:
    """The row of this mail: a new one, or that of its first delivery. All mailboxes share one room of keys."""
    known = InboundMessage.objects.filter(channel_key=CHANNEL, external_id=key).defer("payload").first()
    if known is not None:
        return known
    payload = json.dumps({"mail": _packed(raw), **given})
    try:
        with transaction.atomic():
            return InboundMessage.objects.create(
                channel_key=CHANNEL, external_id=key, payload=payload, received_at=clock.now()
            )
    except IntegrityError:
        return InboundMessage.objects.get(channel_key=CHANNEL, external_id=key)


def _set_aside(stored: InboundMessage, reason: str) -> None:
    """Kept on record without a ticket."""
    InboundMessage.objects.filter(pk=stored.pk, state=InboundMessage.State.RECEIVED).update(
        state=InboundMessage.State.REJECTED, error=reason[:500]
    )


# To a ticket


def _take(stored: InboundMessage, mail: Mail, channel: str) -> tuple[Outcome, int | None, list[str]]:
    """Append or create, once: (what happened, ticket id, sentences about files that were refused)."""
    # Before the transaction: a copy of the configuration must not hold a channel that is taken back.
    return _take_in(stored, mail, _channel(channel))


@transaction.atomic
def _take_in(stored: InboundMessage, mail: Mail, channel: Channel) -> tuple[Outcome, int | None, list[str]]:
    # Two deliveries of one mail at a time: the second waits here and finds the first one's ticket.
    stored = InboundMessage.objects.select_for_update(of=("self",)).defer("payload").get(pk=stored.pk)
    known = _ticket_of(stored)
    if known is not None or stored.state != InboundMessage.State.RECEIVED:
        return Outcome.DUPLICATE, known, [stored.error] if stored.error else []
    thread = _thread(mail)
    files, refused = _store_files(mail)
    body = _body(mail, refused)
    if thread is not None:
        if mail.sender and mail.sender != thread.customer.email:
            body = f"{_('发件人：%(address)s') % {'address': mail.sender}}\n{body}"
        message = conversation.customer_message(
            ticket=thread, body=body, actor=None, channel=channel, external_id=stored.external_id, attachments=files
        )
        outcome, ticket = Outcome.APPENDED, message.ticket_id
    else:
        request = _request(stored, mail, body, files, channel)
        intake.check(request)
        found = intake.process(stored, request=request)
        outcome, ticket = (Outcome.CREATED if found.created else Outcome.DUPLICATE), found.ticket.pk
    InboundMessage.objects.filter(pk=stored.pk).update(state=InboundMessage.State.PROCESSED)
    return outcome, ticket, refused


def _ticket_of(stored: InboundMessage) -> int | None:
    made = Ticket.objects.filter(inbound=stored).values_list("pk", flat=True).first()
    said = TicketMessage.objects.filter(channel__kind=ChannelKind.EMAIL, external_id=stored.external_id)
    return made or said.values_list("ticket_id", flat=True).first()


def _channel(key: str) -> Channel:
    """The channel of that key, else the one of mail in general, made when the very first mail arrives."""
    channels = catalogue.in_force().channels
    channel = channels.get(key) or Channel.objects.filter(key=key).first() or channels.get(CHANNEL)
    if channel is None:
        channel, _made = Channel.objects.get_or_create(
            key=CHANNEL, defaults={"name": "邮件", "kind": ChannelKind.EMAIL}
        )
        # The mail that made it shall find it, too.
        configuration.forget()
    return channel


def _thread(mail: Mail) -> Ticket | None:
    """The ticket this mail belongs to.

    By the ids it answers: ours are signed, the customer's own are known to who got their mail.
    By the number in the subject only from the customer's own address, since anybody can type a number.
    """
    tickets = Ticket.objects.select_related("customer").defer("search")
    numbers = list(filter(None, (outgoing.ticket_number_in(reference) for reference in mail.references)))
    found = tickets.filter(number__in=numbers).first() if numbers else None
    if found is None and mail.references:
        keys = [_external_id(_line(reference)) for reference in mail.references]
        found = tickets.filter(inbound__channel_key=CHANNEL, inbound__external_id__in=keys).first()
        if found is None:
            said = TicketMessage.objects.filter(channel__kind=ChannelKind.EMAIL, external_id__in=keys)
            found = tickets.filter(pk__in=said.values("ticket_id")).first()
    mark = _TICKET_MARK.search(mail.subject)
    if found is None and mark:
        numbered = tickets.filter(number=mark[1]).first()
        found = numbered if numbered and mail.sender and numbered.customer.email == mail.sender else None
    return found


def _store_files(mail: Mail) -> tuple[list[Attachment], list[str]]:
    """The files that may be kept, and a sentence for each that may not."""
    files: list[Attachment] = []
    refused: list[str] = []
    for file in mail.files:
        try:
            upload = SimpleUploadedFile(file.name, file.content(), file.content_type)
            upload.name = file.name
            files.append(store_attachment(upload=upload, actor=None))
        except DomainError as error:
            name = clean_name(file.name)
            refused.append(_("附件 %(name)s 未保存：%(reason)s") % {"name": name, "reason": error.message})
    return files, refused


def _body(mail: Mail, refused: Iterable[str]) -> str:
    """What the conversation shows: the words without quoted history, and what could not be kept."""
    notes = "\n".join(refused)
    body = _cut(mail.body.strip() or mail.subject, len(notes) + 1 if notes else 0)
    return "\n".join(part for part in (body, notes) if part)


def _cut(text: str, reserved: int = 0) -> str:
    if len(text) + reserved <= BODY_LIMIT:
        return text
    note = _("……（内容过长，已截断；全文见原始邮件）")
    return text[: max(BODY_LIMIT - len(note) - reserved, 0)] + note


def _request(
    stored: InboundMessage, mail: Mail, body: str, files: Iterable[Attachment], channel: Channel
) -> intake.Request:
    try:
        address = check_email(mail.sender)
    except ValidationError:
        # Not an address anybody could answer; the mail still becomes a ticket.
        address = ""
    return intake.Request(
        channel=channel.key,
        external_id=stored.external_id,
        subject=_line(mail.subject)[: intake.SUBJECT_LENGTH],
        body=body,
        customer=intake.CustomerGiven(name=_line(mail.sender_name)[:NAME_LIMIT].strip(), email=address),
        attachment_ids=tuple(file.pk for file in files),
    )


def _line(text: str) -> str:
    return _not_in_a_line.sub("", text).strip()
