"""Stored messages that a worker makes conversations of, by kind of channel."""

from collections.abc import Callable

from core.errors import DomainError
from tickets.choices import ChannelKind
from tickets.models import Channel, InboundMessage
from tickets.services import catalogue, threads
from tickets.services.wechat import receiving

_TAKERS = {ChannelKind.WECHAT: receiving.take_up}


def take_up(raw: InboundMessage) -> bool:
    """Bring a stored message into its conversation; True when it opened a ticket."""
    channel = Channel.objects.select_related("shop").get(key=raw.channel_key)
    return _TAKERS[ChannelKind(channel.kind)](raw, channel=channel)


def take_up_by_id(raw_id: int) -> None:
    """The same for a worker; what can never become a ticket is kept with the reason."""
    raw = InboundMessage.objects.filter(pk=raw_id, state=InboundMessage.State.RECEIVED).first()
    if raw is None:
        return
    try:
        take_up(raw)
    except DomainError as error:
        threads.set_aside(raw, reason=str(error))


def takers() -> dict[str, Callable[[InboundMessage], bool]]:
    """Who takes up what was left lying, by key of channel."""
    return {channel.key: take_up for channel in catalogue.in_force().channels.values() if channel.kind in _TAKERS}
