"""Who writes in a chat, and in which channel: tokens, settings, the pages that may embed it."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput, NotFound
from core.events import record_event
from tickets.choices import ChannelKind
from tickets.models import Attachment, Channel, ChatSettings, ChatVisitor

if TYPE_CHECKING:
    from crm.staff.models import User

MOST_ORIGINS = 50
FILE_LINK_SECONDS = 24 * 3600
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|https://\*\.[a-z0-9][a-z0-9.-]*[a-z0-9]")
_UPLOAD_SALT = "tickets.chat.upload"
_FILE_SALT = "tickets.chat.file"


def channel_for_chat(key: str) -> Channel:
    """The active chat channel of that key; NotFound for everything else."""
    rows = Channel.objects.defer("secret").select_related("chat")
    channel = rows.filter(key=key[:100], kind=ChannelKind.CHAT, is_active=True).first()
    if channel is None:
        raise NotFound(_("没有这个在线接待渠道。"))
    return channel


def settings_of(channel: Channel) -> ChatSettings:
    """The channel's settings; the defaults (nobody may embed it, no bot) when none were saved."""
    found: ChatSettings = getattr(channel, "chat", None) or ChatSettings(channel=channel)
    return found


@transaction.atomic
def save_settings(*, channel: Channel, actor: "User | None", values: Mapping[str, Any]) -> ChatSettings:
    """Make or change the settings of a chat channel. Raises InvalidInput naming `origins` for what is no origin."""
    if channel.kind != ChannelKind.CHAT:
        raise Conflict(str(_("只有在线接待渠道可以设置。")), code="not_a_chat")
    row, _created = ChatSettings.objects.select_for_update().get_or_create(channel=channel)
    for name, value in values.items():
        setattr(row, name, clean_origins(value) if name == "origins" else value)
    row.save()
    record_event(
        kind="chat_settings.saved",
        subject_type="channel",
        subject_id=channel.pk,
        actor=actor,
        payload={"origins": row.origins, "bot": row.is_bot_on},
    )
    return row


def clean_origins(given: Sequence[str]) -> list[str]:
    """Origins in normal form: scheme and host, perhaps a port, nothing after it; each once."""
    found: dict[str, None] = {}
    for word in given:
        origin = word.strip().lower().rstrip("/")
        if not _ORIGIN.fullmatch(origin):
            sentence = str(_("“%(value)s”不是网站地址，应如 https://shop.example.com。") % {"value": word})
            raise InvalidInput(sentence, fields={"origins": [sentence]})
        found[origin] = None
    if len(found) > MOST_ORIGINS:
        sentence = str(_("最多 %(n)d 个网站。") % {"n": MOST_ORIGINS})
        raise InvalidInput(sentence, fields={"origins": [sentence]})
    return list(found)


def welcome(*, channel: Channel) -> str:
    """A new visitor's token. Only its digest is kept; who has the token is the visitor."""
    token = secrets.token_urlsafe(32)
    ChatVisitor.objects.create(channel=channel, digest=_digest(token))
    return token


def visitor_by(*, channel: Channel, token: str) -> ChatVisitor | None:
    if not token or len(token) > 100:
        return None
    return ChatVisitor.objects.filter(channel=channel, digest=_digest(token)).first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def upload_key(*, visitor: ChatVisitor, attachment: Attachment) -> str:
    """What the visitor sends back to attach their file: an id alone would open strangers' files."""
    return signing.dumps([visitor.pk, attachment.pk], salt=_UPLOAD_SALT)


def uploaded(*, visitor: ChatVisitor, keys: Sequence[str]) -> tuple[int, ...]:
    """The visitor's own files behind the keys; InvalidInput for anything else."""
    found = []
    for key in keys:
        try:
            owner, attachment_id = signing.loads(key, salt=_UPLOAD_SALT, max_age=FILE_LINK_SECONDS)
        except signing.BadSignature:
            owner, attachment_id = None, None
        if owner != visitor.pk:
            sentence = str(_("附件已失效，请重新上传。"))
            raise InvalidInput(sentence, fields={"attachments": [sentence]})
        found.append(attachment_id)
    return tuple(found)


def file_key(attachment: Attachment) -> str:
    """A link's secret to one file of one's own conversation, good for a day."""
    return signing.dumps(attachment.pk, salt=_FILE_SALT)


def file_by(key: str) -> Attachment:
    try:
        pk = signing.loads(key, salt=_FILE_SALT, max_age=FILE_LINK_SECONDS)
    except signing.BadSignature:
        pk = None
    attachment = Attachment.objects.filter(pk=pk, message__isnull=False).first() if pk else None
    if attachment is None:
        raise NotFound(_("链接已失效，请刷新会话。"))
    return attachment
