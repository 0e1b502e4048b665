"""The shapes of ticket events: one place that says what each kind carries.

Payloads hold words, ids and moments, never personal data: they are kept for years,
travel to webhooks and are shown to auditors.
"""

from typing import TYPE_CHECKING, Any

from core.events import EventData
from tickets.models import Compensation, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

CREATED = "ticket.created"
UPDATED = "ticket.updated"
SOLVED = "ticket.solved"
CLOSED = "ticket.closed"
REOPENED = "ticket.reopened"
MERGED = "ticket.merged"
UNMERGED = "ticket.unmerged"
UNROUTED = "ticket.unrouted"
MESSAGE = "message.created"
WATCHED = "ticket.watched"
UNWATCHED = "ticket.unwatched"
SNOOZED = "ticket.snoozed"
WOKEN = "ticket.woken"
REPLY_WAITS = "ticket.reply_waits"
REPLY_TAKEN_BACK = "ticket.reply_taken_back"
REPLY_CANCELLED = "ticket.reply_cancelled"
REPLY_FAILED = "ticket.reply_failed"
SLA_WARNED = "sla.warned"
SLA_BREACHED = "sla.breached"
NORM_BREACHED = "norm.breached"
NORM_OBJECTED = "norm.objected"
NORM_WITHDRAWN = "norm.withdrawn"
COMPENSATION_REQUESTED = "compensation.requested"
COMPENSATION_GRANTED = "compensation.granted"
COMPENSATION_PAID = "compensation.paid"
CALENDAR_MISSING = "sla.calendar_missing"


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """What every ticket event says of the ticket, so that readers need no second look-up."""
    return {
        "ticket": ticket.pk,
        "number": ticket.number,
        "status": ticket.status,
        "priority": ticket.priority,
        "type": ticket.type,
        "category": ticket.category,
        "queue": ticket.queue_id,
        "assignee": ticket.assignee_id,
        "channel": ticket.channel_id,
        "shop": ticket.shop_id,
    }


def ticket_event(kind: str, ticket: Ticket, actor: "User | None", /, **data: Any) -> EventData:
    """An event about a ticket, heard live by those who see its queue."""
    return EventData(
        kind=kind,
        subject_type="ticket",
        subject_id=ticket.pk,
        actor=actor,
        audience=ticket.audience,
        payload={**snapshot(ticket), **data},
    )


def compensation_event(kind: str, compensation: Compensation, actor: "User | None", /, **data: Any) -> EventData:
    """An event of the ticket's money: it stands in the ticket's history."""
    return ticket_event(
        kind,
        compensation.ticket,
        actor,
        compensation=compensation.pk,
        case=compensation.case,
        amount=str(compensation.amount),
        compensation_status=str(compensation.status),
        **data,
    )
