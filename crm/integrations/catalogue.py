"""The names under which the outside hears of events: webhooks and live streams use the same."""

TICKET_UPDATED = "ticket.updated"

EVENT_NAMES: tuple[str, ...] = (
    "ticket.created",
    TICKET_UPDATED,
    "ticket.solved",
    "message.created",
    "sla.warned",
    "sla.breached",
    "survey.answered",
    "visit.completed",
    "alert.raised",
    "crisis.opened",
)
_NAMES = frozenset(EVENT_NAMES)


def public_name(kind: str) -> str | None:
    """What an event is called outside; None for what stays inside. Every other change of a ticket is an update."""
    if kind in _NAMES:
        return kind
    return TICKET_UPDATED if kind.startswith("ticket.") else None
