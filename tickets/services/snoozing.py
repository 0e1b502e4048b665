"""Snoozing: out of sight until a moment, or until the customer writes. The promised times run on."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import EventData, record_events
from core.timers import TimerSpec, arm
from tickets import events
from tickets.choices import NoticeKind
from tickets.models import Ticket
from tickets.services import notices, routing
from tickets.services.transitions import lock

if TYPE_CHECKING:
    from crm.staff.models import User

TIMER_WAKE = "ticket.wake"
#: A ticket is not put away for longer.
LONGEST = timedelta(days=90)
FIELDS = ["snoozed_at", "snoozed_until", "snoozed_by"]


def check_moment(until: datetime | None) -> None:
    """A moment lies ahead, and not too far; none is needed."""
    if until is None or clock.now() < until <= clock.now() + LONGEST:
        return
    sentence = _("时间须在现在之后、%(days)d 天之内。") % {"days": LONGEST.days}
    raise InvalidInput(sentence, fields={"until": [sentence]})


@transaction.atomic
def snooze(*, ticket: Ticket, actor: "User", until: datetime | None = None) -> Ticket:
    """Put the ticket away until a moment; without one, until the customer writes. Either way their message wakes it."""
    ticket = lock(ticket)
    routing.refuse_merged(ticket)
    if not ticket.is_open:
        raise Conflict(_("只有未结的工单可以稍后处理。"), code="not_open", allowed=ticket.allowed_actions())
    check_moment(until)
    ticket.snoozed_at, ticket.snoozed_until, ticket.snoozed_by = clock.now(), until, actor
    ticket.updated_at = clock.now()
    ticket.save(update_fields=[*FIELDS, "updated_at"])
    if until is not None:
        arm(
            TimerSpec(
                key=f"{TIMER_WAKE}:{ticket.pk}",
                kind=TIMER_WAKE,
                due_at=until,
                subject_type="ticket",
                subject_id=ticket.pk,
            )
        )
    record_events([events.ticket_event(events.SNOOZED, ticket, actor, until=until)])
    return ticket


@transaction.atomic
def wake(*, ticket: Ticket, actor: "User") -> Ticket:
    """Back to the list by hand."""
    ticket = lock(ticket)
    if ticket.snoozed_at is None:
        raise Conflict(_("这张工单没有在稍后处理中。"), code="not_snoozed", allowed=ticket.allowed_actions())
    event = _up(ticket, actor, by="hand")
    ticket.save(update_fields=[*FIELDS, "updated_at"])
    record_events([event])
    return ticket


def _up(ticket: Ticket, actor: "User | None", *, by: str) -> EventData:
    ticket.snoozed_at = ticket.snoozed_until = ticket.snoozed_by = None
    ticket.updated_at = clock.now()
    return events.ticket_event(events.WOKEN, ticket, actor, by=by)


@transaction.atomic
def moment_came(*, ticket_id: int, due_at: datetime) -> None:
    """The timer: nothing when the ticket was woken, or put away anew for another moment."""
    ticket = lock(Ticket(pk=ticket_id))
    if ticket.snoozed_at is None or ticket.snoozed_until is None or ticket.snoozed_until > due_at:
        return
    told = _to_tell(ticket)
    event = _up(ticket, None, by="timer")
    ticket.save(update_fields=[*FIELDS, "updated_at"])
    record_events([event])
    notices.notify(users=told, kind=NoticeKind.SNOOZE_OVER, ticket=ticket)


def customer_wrote(ticket: Ticket) -> list[EventData]:
    """The customer wakes it. The caller holds the lock, saves FIELDS and records what is returned."""
    if ticket.snoozed_at is None:
        return []
    told = _to_tell(ticket)
    event = _up(ticket, None, by="customer")
    notices.notify(users=told, kind=NoticeKind.CUSTOMER_WOKE, ticket=ticket)
    return [event]


def _to_tell(ticket: Ticket) -> list[int]:
    """Who put it away, and who is responsible now."""
    return [user_id for user_id in (ticket.snoozed_by_id, ticket.assignee_id) if user_id is not None]
