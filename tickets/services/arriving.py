"""Messages that other systems deliver: signed ones, and those a worker makes conversations of."""

from collections.abc import Callable

from core import clock
from core.errors import DomainError
from tickets.channels.presets import preset_of
from tickets.choices import ChannelKind
from tickets.models import Channel, InboundMessage
from tickets.services import catalogue, email, intake, threads
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


def receive_signed(*, channel: Channel, request: intake.Request) -> intake.Result:
    """Take a signed message in. With a preset, messages of one buyer are one conversation."""
    preset = preset_of(channel.preset)
    account = request.customer.external_ids.get(preset.account_platform, "") if preset else ""
    if not account:
        return intake.receive(request=request, actor=None)
    intake.check(request)
    raw = threads.store(channel=channel, external_id=request.external_id, payload=request.dumps(), is_for_worker=False)
    said_at = request.occurred_at or clock.now()
    taken = threads.take(raw=raw, channel=channel, contact=account[:200], said_at=said_at, request=request)
    return intake.Result(taken.ticket, created=taken.created)


def takers() -> dict[str, Callable[[InboundMessage], bool]]:
    """Who takes up what was left lying, by key of channel."""
    return {channel.key: take_up for channel in catalogue.in_force().channels.values() if channel.kind in _TAKERS}


def take_again(raw: InboundMessage) -> bool:
    """Take up any stored message, in whatever form it came; True when it opened a ticket."""
    taker = {email.CHANNEL: email.take_up, **takers()}.get(raw.channel_key)
    return taker(raw) if taker else intake.process(raw).created
