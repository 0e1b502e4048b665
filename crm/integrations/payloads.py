"""What a webhook says of an event."""

from collections.abc import Callable
from typing import Any

from core.events import Event
from crm.integrations.catalogue import public_name

Describe = Callable[[Event], dict[str, Any]]

_describers: dict[str, Describe] = {}


def webhook_payload(kind: str) -> Callable[[Describe], Describe]:
    """Register what `data` holds for events of `kind`, where the event's own payload does not say enough."""

    def register(describe: Describe) -> Describe:
        _describers[kind] = describe
        return describe

    return register


def body_of(event: Event) -> dict[str, Any]:
    """The body: {"type", "timestamp", "data"}. Fixed when queued, so that every try says the same."""
    describe = _describers.get(event.kind)
    data = describe(event) if describe else event.payload
    subject = {"id": event.subject_id} if event.subject_type == "ticket" else {}
    return {
        "type": public_name(event.kind),
        "timestamp": event.at.isoformat(),
        "data": {**subject, "event": event.pk, "kind": event.kind, "actor": event.actor_id, **data},
    }
