"""Messages of people who write through a channel: one conversation each, and every message once.

1. `store` keeps what arrived, and arms a timer in the same transaction: who delivered it gets an
   answer at once, a worker does the rest.
2. `take` runs under the lock of the raw row and of the person's row: the message joins the ticket
   that is open, or opens one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from core import clock
from core.timers import TimerSpec, arm
from tickets.choices import TicketStatus
from tickets.models import Channel, ChannelContact, InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, intake

TIMER_TAKE = "channel.take"
#: Nobody wrote yet.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Taken:
    """Where a message is now; `created` when it opened the ticket."""

    ticket: Ticket
    created: bool


@transaction.atomic
def store(*, channel: Channel, external_id: str, payload: str, is_for_worker: bool = True) -> InboundMessage:
    """The stored message: a new one, or that of its first delivery. is_for_worker: let a worker take it up."""
    try:
        with transaction.atomic():
            raw = InboundMessage.objects.create(
                channel_key=channel.key, external_id=external_id, payload=payload, received_at=clock.now()
            )
    except IntegrityError:
        return InboundMessage.objects.get(channel_key=channel.key, external_id=external_id)
    if is_for_worker:
        arm(
            TimerSpec(
                key=f"channel.take:{raw.pk}",
                kind=TIMER_TAKE,
                due_at=clock.now(),
                subject_type="inbound",
                subject_id=raw.pk,
            )
        )
    return raw


def take(*, raw: InboundMessage, channel: Channel, contact: str, said_at: datetime, request: intake.Request) -> Taken:
    """Bring a stored message into its conversation, once. Safe to run any number of times, by anybody."""
    intake.check(request)
    with transaction.atomic():
        locked = InboundMessage.objects.select_for_update(of=("self",)).defer("payload").get(pk=raw.pk)
        known = _known(locked, channel)
        if known is not None:
            return Taken(known, created=False)
        row = _contact(channel, contact)
        row.last_wrote_at = max(row.last_wrote_at, min(said_at, clock.now()))
        ticket = _standing(row)
        if ticket is not None and _goes_on(ticket, request.body):
            message = conversation.customer_message(
                ticket=ticket, body=request.body, actor=None, channel=channel, external_id=raw.external_id
            )
            taken = Taken(message.ticket, created=False)
        else:
            taken = Taken(intake.process(locked, request=request).ticket, created=True)
        row.ticket = taken.ticket
        row.save(update_fields=["ticket", "last_wrote_at"])
        InboundMessage.objects.filter(pk=raw.pk).update(state=InboundMessage.State.PROCESSED)
    return taken


def set_aside(raw: InboundMessage, *, reason: str) -> None:
    """Kept on record without a ticket."""
    InboundMessage.objects.filter(pk=raw.pk, state=InboundMessage.State.RECEIVED).update(
        state=InboundMessage.State.REJECTED, error=reason[:500]
    )


def _known(raw: InboundMessage, channel: Channel) -> Ticket | None:
    if made := Ticket.objects.for_list().filter(inbound=raw).first():
        return made
    said = TicketMessage.objects.filter(channel=channel, external_id=raw.external_id).exclude(external_id="")
    ticket_id = said.values_list("ticket_id", flat=True).first()
    return Ticket.objects.for_list().get(pk=ticket_id) if ticket_id else None


def _contact(channel: Channel, external_id: str) -> ChannelContact:
    """The person's row, locked: two messages at once must not open two tickets."""
    ChannelContact.objects.get_or_create(channel=channel, external_id=external_id, defaults={"last_wrote_at": LONG_AGO})
    return ChannelContact.objects.select_for_update(of=("self",)).get(channel=channel, external_id=external_id)


def _standing(row: ChannelContact) -> Ticket | None:
    ticket = Ticket.objects.filter(pk=row.ticket_id).first() if row.ticket_id else None
    while ticket is not None and ticket.merged_into_id:
        ticket = Ticket.objects.filter(pk=ticket.merged_into_id).first()
    return ticket


def _goes_on(ticket: Ticket, body: str) -> bool:
    """A closed matter stays closed: thanks are added to it, anything else is a new one."""
    return ticket.status != TicketStatus.CLOSED or conversation.is_thanks(body)
