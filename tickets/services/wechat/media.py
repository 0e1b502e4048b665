"""Pictures, voices, videos and files that customers send by WeChat: fetched from the platform and kept.

The platform keeps them for three days under an id. A message is on its ticket at once with its words;
the file follows as soon as the outbox has fetched it, or the ticket says why it never will.
"""

import json
from typing import NoReturn

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import record_events
from core.outbound import Answer, NoAnswer
from core.outbox import Undeliverable, enqueue
from tickets import events
from tickets.choices import MessageKind
from tickets.models import Attachment, Channel, InboundMessage, Ticket, TicketMessage
from tickets.services import attachments
from tickets.services.undelivered import leave_note, lock_living
from tickets.services.wechat import client
from tickets.services.wechat.account import account_of
from tickets.wechat.answers import GONE, Outcome, outcome
from tickets.wechat.messages import Message, read

KIND = "wechat.media"
#: By what the platform calls the content; else by the kind of the message.
EXTENSIONS = {
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "audio/amr": "amr", "audio/mpeg": "mp3", "audio/mp3": "mp3", "video/mp4": "mp4", "video/mpeg4": "mp4",
}  # fmt: skip
BY_KIND = {"image": "jpg", "voice": "amr", "video": "mp4", "shortvideo": "mp4"}


def queue(*, raw: InboundMessage, channel: Channel, ticket: Ticket) -> None:
    """Let the outbox fetch what the message brought; in the transaction that takes the message up."""
    said = TicketMessage.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER)
    message = said.filter(channel=channel, external_id=raw.external_id).first()
    message = message or said.order_by("-created_at", "-pk").first()
    if message is not None:
        enqueue(
            kind=KIND,
            dedupe_key=f"{KIND}:{raw.pk}",
            target=f"ticket:{ticket.pk}",
            payload={"inbound": raw.pk, "message": message.pk},
        )


def fetch(*, inbound_id: int, message_id: int, is_last_try: bool) -> None:
    """Fetch and attach, once. Raises Undeliverable for never, and whatever may pass for the outbox to try again."""
    raw = InboundMessage.objects.filter(pk=inbound_id).first()
    message = TicketMessage.objects.select_related("ticket").filter(pk=message_id).first()
    if raw is None or message is None or message.attachments.exists():
        return
    said = read(json.loads(raw.payload)["xml"].encode())
    try:
        answer = _download(raw.channel_key, said)
    except (client.Failed, NoAnswer) as error:
        if isinstance(error, client.Failed) and error.code in GONE:
            _give_up(message, _("微信已不再保存这个文件"))
        if is_last_try:
            _give_up(message, _("多次尝试后放弃"))
        raise
    if answer.is_cut:
        limit = settings.ATTACHMENT_MAX_BYTES // 1024 // 1024
        _give_up(message, _("文件超过 %(limit)d MB") % {"limit": limit})
    _keep(message, said, answer)


def _download(channel_key: str, said: Message) -> Answer:
    channel = Channel.objects.get(key=channel_key)
    account = account_of(channel)
    if account is None:
        raise client.Failed(-1)
    most = settings.ATTACHMENT_MAX_BYTES
    token = client.access_token(channel, account)
    try:
        return client.fetch_media(token=token, media_id=said.media_id, most=most)
    except client.Failed as error:
        if outcome(error.code) != Outcome.NEW_TOKEN:
            raise
    token = client.access_token(channel, account, refused=token)
    return client.fetch_media(token=token, media_id=said.media_id, most=most)


def _keep(message: TicketMessage, said: Message, answer: Answer) -> None:
    try:
        stored = attachments.store_attachment(upload=SimpleUploadedFile(_name(said, answer), answer.body), actor=None)
    except DomainError as error:
        _give_up(message, error.message)
    with transaction.atomic():
        Attachment.objects.filter(pk=stored.pk, message=None).update(message=message)
        record_events(
            [events.ticket_event(events.UPDATED, message.ticket, None, action="attachment", message=message.pk)]
        )


def _name(said: Message, answer: Answer) -> str:
    """The given name of a file; for the rest the kind and the platform's number."""
    if said.kind == "file" and said.fields.get("Title", ""):
        return said.fields["Title"]
    extension = EXTENSIONS.get(answer.content_type) or BY_KIND.get(said.kind, "bin")
    return f"wechat-{said.kind}-{said.key[-20:]}.{extension}"


def _give_up(message: TicketMessage, reason: str) -> NoReturn:
    """A note tells the people on the ticket; the customer may be asked to send it again."""
    with transaction.atomic():
        sentence = _("客户从微信发来的文件没能保存：%(reason)s。需要时请客户重新发送。") % {"reason": reason}
        leave_note(ticket=lock_living(message.ticket), sentence=sentence, undelivered=None)
    raise Undeliverable(reason)
