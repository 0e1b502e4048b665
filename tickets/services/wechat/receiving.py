"""What WeChat posts to us: verified, stored once, acknowledged; a worker makes the conversation of it."""

import json
import re
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.text import FORBIDDEN_IN_TEXT
from tickets.choices import ChannelKind
from tickets.models import Channel, InboundMessage
from tickets.services import intake, threads
from tickets.services.wechat import media
from tickets.services.wechat.account import Account, account_of
from tickets.wechat.crypto import Refused, check_signature, decrypt
from tickets.wechat.messages import Message, fields_of, read

#: What the platform wants to read within five seconds, whatever will become of the message.
ACKNOWLEDGED = "success"
TOLERANCE = timedelta(minutes=5)
BODY_LIMIT = 20_000
PLATFORM = "wechat"
_not_text = re.compile(f"[{FORBIDDEN_IN_TEXT}]+")


def find_account(key: str) -> tuple[Channel, Account]:
    """The channel of that key with its account. Raises Refused, as for a wrong signature."""
    channel = Channel.objects.filter(key=key, kind=ChannelKind.WECHAT, is_active=True).select_related("shop").first()
    account = account_of(channel) if channel else None
    if channel is None or account is None:
        raise Refused("channel")
    return channel, account


def check_address(*, key: str, signature: str, timestamp: str, nonce: str, echo: str) -> str:
    """The platform asks whether the address is ours: its word, when the signature is right. Raises Refused."""
    _channel, account = find_account(key)
    check_signature(signature, account.token, timestamp, nonce)
    return echo


def receive(*, key: str, query: dict[str, str], body: bytes) -> str:
    """Take a message in; returns the acknowledgement. Raises Refused or Unreadable; both change nothing."""
    channel, account = find_account(key)
    _check_age(query.get("timestamp", ""))
    xml = _opened(account, query, body)
    message = read(xml)
    raw = threads.store(
        channel=channel,
        external_id=message.key[:200],
        payload=json.dumps({"xml": xml.decode("utf-8", "replace")}, ensure_ascii=False),
        is_for_worker=message.is_spoken,
    )
    if not message.is_spoken:
        threads.set_aside(raw, reason=_event_reason(message))
    return ACKNOWLEDGED


@transaction.atomic
def take_up(raw: InboundMessage, *, channel: Channel) -> bool:
    """Bring a stored message into its conversation; True when it opened a ticket. What it brought is fetched later."""
    message = read(json.loads(raw.payload)["xml"].encode())
    request = intake.Request(
        channel=channel.key,
        external_id=raw.external_id,
        body=_not_text.sub("", message.text())[:BODY_LIMIT] or _("[空消息]"),
        shop=channel.shop.key if channel.shop else "",
        customer=intake.CustomerGiven(external_ids={PLATFORM: message.sender}, verified=True),
    )
    said_at = datetime.fromtimestamp(message.created, UTC)
    taken = threads.take(raw=raw, channel=channel, contact=message.sender, said_at=said_at, request=request)
    if message.media_id:
        media.queue(raw=raw, channel=channel, ticket=taken.ticket)
    return taken.created


def _check_age(timestamp: str) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Refused("timestamp")
    if abs(clock.now() - datetime.fromtimestamp(int(timestamp), UTC)) > TOLERANCE:
        raise Refused("timestamp")


def _opened(account: Account, query: dict[str, str], body: bytes) -> bytes:
    """The XML of the message. SECURITY: with a key set, plain messages are refused, signed or not."""
    words = (account.token, query.get("timestamp", ""), query.get("nonce", ""))
    if account.key is None:
        check_signature(query.get("signature", ""), *words)
        return body
    sealed = fields_of(body).get("Encrypt", "")
    if not sealed:
        raise Refused("plain")
    check_signature(query.get("msg_signature", ""), *words, sealed)
    return decrypt(sealed, key=account.key, app_id=account.app_id)


def _event_reason(message: Message) -> str:
    what = message.fields.get("Event", "") or message.kind
    return _("事件 %(what)s，未建工单。") % {"what": what[:50]}
