"""The ways by which a message leaves. Floors above register theirs: a conversation needs tickets.

A way answers which customers it reaches, and sends one message. It sends outside any transaction and raises
`core.outbox.Undeliverable` when trying again is pointless, NoLongerWanted when there is nothing to say any more.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.crypto import salted_hmac

from core.mail_sending import send
from core.outbox import Undeliverable
from customers.models import Customer, Outreach
from customers.outreach_choices import OutreachChannel

_SALT = "customers.outreach.message_id"

Reaches = Callable[[Collection[Customer]], set[int]]
Send = Callable[[Outreach], None]


class NoLongerWanted(Exception):
    """What the message is about has ended meanwhile."""


@dataclass(frozen=True)
class Way:
    """How messages of one channel leave. `is_offered`: tried unless another way is asked for by name."""

    key: str
    channel: str
    reaches: Reaches
    send: Send
    is_offered: bool = True


_ways: dict[str, Way] = {}


def register_way(way: Way) -> None:
    """Add a way, or replace the one of that key."""
    _ways[way.key] = way


def way(key: str) -> Way | None:
    return _ways.get(key)


def offered(channel: str) -> list[Way]:
    """The ways of a channel that serve any message."""
    return [one for one in _ways.values() if one.channel == channel and one.is_offered]


def with_address(customers: Collection[Customer]) -> set[int]:
    return {customer.pk for customer in customers if customer.email and not customer.is_anonymous}


def send_mail(outreach: Outreach) -> None:
    """A mail of its own; the Message-ID is the same on every try."""
    if not with_address([outreach.customer]):
        raise Undeliverable("the customer has no address any more")
    send(
        EmailMessage(
            subject=" ".join(outreach.title.split()),
            body=outreach.body,
            to=[outreach.customer.email],
            headers={"Message-ID": f"<{message_id(outreach)}>", "Auto-Submitted": "auto-generated"},
        )
    )


def message_id(outreach: Outreach) -> str:
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    host = address.rpartition("@")[2] or "localhost"
    return f"outreach-{outreach.pk}.{signature(outreach)}@{host}"


def signature(outreach: Outreach) -> str:
    """What makes a Message-ID ours, 20 hex digits."""
    return salted_hmac(_SALT, outreach.key, algorithm="sha256").hexdigest()[:20]


register_way(Way("email", OutreachChannel.EMAIL, with_address, send_mail))
