"""The shapes of ticket events: one place that says what each kind carries.

Payloads hold words, ids and moments, never personal data: they are kept for years,
travel to webhooks and are shown to auditors.
"""

from typing import TYPE_CHECKING, Any

from core.events import EventData
from tickets.models import AfterSales, Compensation, Refund, Ticket

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
COMPENSATION_FAILED = "compensation.failed"
COMPENSATION_REVERSED = "compensation.reversed"
COMPENSATION_BELOW_FLOOR = "compensation.below_floor"
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


def aftersales_event(what: str, request: AfterSales, actor: "User | None", /, **data: Any) -> EventData:
    """An event of an after-sales request ("aftersales.accept"): it stands in the ticket's history."""
    return ticket_event(
        f"aftersales.{what}",
        request.ticket,
        actor,
        aftersales=request.pk,
        aftersales_kind=str(request.kind),
        aftersales_state=str(request.state),
        **data,
    )


def refund_event(what: str, refund: Refund, actor: "User | None", /, **data: Any) -> EventData:
    """An event of a refund: in the ticket's history when it has one, else of the refund itself."""
    told = {"refund": refund.pk, "order": refund.order_id, "amount": str(refund.amount), "refund_status": refund.status}
    if refund.ticket is not None:
        return ticket_event(f"refund.{what}", refund.ticket, actor, **told, **data)
    return EventData(
        kind=f"refund.{what}", subject_type="refund", subject_id=refund.pk, actor=actor, payload={**told, **data}
    )


def compensation_event(kind: str, compensation: Compensation, actor: "User | None", /, **data: Any) -> EventData:
    """An event of the ticket's money: it stands in the ticket's history, or of the compensation itself."""
    told = {
        "compensation": compensation.pk,
        "case": compensation.case,
        "amount": str(compensation.amount),
        "compensation_status": str(compensation.status),
        **data,
    }
    if compensation.ticket is not None:
        return ticket_event(kind, compensation.ticket, actor, **told)
    return EventData(kind=kind, subject_type="compensation", subject_id=compensation.pk, actor=actor, payload=told)
