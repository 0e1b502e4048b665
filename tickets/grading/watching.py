"""What news of a ticket means for its level and for raising it; read from events, so intake writes nothing of it."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from core import clock
from core.events import Event
from tickets import events
from tickets.choices import MessageKind, TicketType
from tickets.grading import escalation, facts, levels
from tickets.grading.choices import TriggerKind
from tickets.models import Ticket, TicketMessage

KINDS = (
    events.CREATED,
    events.UPDATED,
    events.REOPENED,
    events.MESSAGE,
    events.SLA_BREACHED,
    events.COMPENSATION_REQUESTED,
    events.COMPENSATION_GRANTED,
)
_MONEY = (events.COMPENSATION_REQUESTED, events.COMPENSATION_GRANTED)


def react(news: Iterable[Event]) -> None:
    """Raise what must be raised, then grade anew."""
    by_ticket: dict[int, list[Event]] = {}
    for event in news:
        if event.subject_type == "ticket" and event.subject_id is not None and _matters(event):
            by_ticket.setdefault(event.subject_id, []).append(event)
    rows = Ticket.objects.select_related("customer", "channel", "shop", "queue").defer("search")
    for ticket in rows.filter(pk__in=list(by_ticket), merged_into=None).order_by("pk"):
        for event in by_ticket[ticket.pk]:
            _look(ticket, event)
        levels.grade(ticket=Ticket.objects.select_related("customer", "channel", "shop", "queue").get(pk=ticket.pk))


def _matters(event: Event) -> bool:
    """Only what the customer wrote, and changes that no escalation made by itself."""
    if event.kind == events.MESSAGE:
        return bool(event.payload.get("kind") == MessageKind.CUSTOMER)
    return event.kind != events.UPDATED or event.actor_id is not None


def _look(ticket: Ticket, event: Event) -> None:
    if event.kind in (events.CREATED, events.MESSAGE):
        _read(ticket, event)
    if ticket.type != TicketType.COMPLAINT:
        return
    match event.kind:
        case events.CREATED:
            _on_arrival(ticket)
        case events.SLA_BREACHED:
            escalation.raise_ticket(ticket=ticket, kind=TriggerKind.SLA_BREACH)
        case events.REOPENED:
            _count_reopened(ticket)
        case events.UPDATED:
            if event.payload.get("action") == "escalate":
                was = str(event.payload.get("was", ""))
                escalation.raise_ticket(ticket=ticket, kind=TriggerKind.STAFF, actor=event.actor, was_priority=was)
            elif "type" in (event.payload.get("changes") or {}):
                _on_arrival(ticket)
    if event.kind in _MONEY:
        _weigh(ticket, str(event.payload.get("amount", "")))


def _read(ticket: Ticket, event: Event) -> None:
    """Words of injury, and of press, authorities and lawyers, in what the customer wrote."""
    rows = TicketMessage.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER)
    if event.kind == events.MESSAGE:
        rows = rows.filter(pk=event.payload.get("message"))
    text = "\n".join([ticket.subject, *(message.body for message in rows.order_by("pk")[:5])])
    for kind in (TriggerKind.SAFETY, TriggerKind.LEGAL):
        words = facts.words_in(text, str(kind))
        if words:
            escalation.raise_ticket(ticket=ticket, kind=kind, detail="、".join(words[:5]))


def _on_arrival(ticket: Ticket) -> None:
    if ticket.customer.is_important_now():
        escalation.raise_ticket(ticket=ticket, kind=TriggerKind.IMPORTANT)
    trigger = escalation.ensure_triggers()[TriggerKind.SIMILAR]
    if not trigger.is_active or not trigger.threshold or not ticket.category:
        return
    since = clock.now() - timedelta(hours=trigger.window_hours or 24)
    alike = Ticket.objects.filter(
        type=TicketType.COMPLAINT, created_at__gte=since, category=ticket.category, product=ticket.product
    )
    wanted = int(trigger.threshold)
    if alike.order_by()[:wanted].count() >= wanted:
        escalation.raise_ticket(ticket=ticket, kind=TriggerKind.SIMILAR, detail=f"{ticket.category} {ticket.product}")


def _count_reopened(ticket: Ticket) -> None:
    trigger = escalation.ensure_triggers()[TriggerKind.REOPENED]
    if trigger.threshold and ticket.reopen_count >= trigger.threshold:
        escalation.raise_ticket(ticket=ticket, kind=TriggerKind.REOPENED)


def _weigh(ticket: Ticket, amount: str) -> None:
    trigger = escalation.ensure_triggers()[TriggerKind.AMOUNT]
    try:
        is_over = trigger.threshold is not None and Decimal(amount) > trigger.threshold
    except InvalidOperation:
        return
    if is_over:
        escalation.raise_ticket(ticket=ticket, kind=TriggerKind.AMOUNT, detail=f"¥{amount}")


def sweep(*, limit: int = 200) -> int:
    """Grade open complaints whose news was lost; returns how many."""
    rows = Ticket.objects.open().filter(type=TicketType.COMPLAINT, merged_into=None, grade=None)  # type: ignore[attr-defined]
    stray = rows.select_related("customer", "channel", "shop", "queue").defer("search").order_by("pk")[:limit]
    return sum(levels.grade(ticket=ticket) is not None for ticket in list(stray))
