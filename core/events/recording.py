from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.dispatch import Signal

from core import clock
from core.events.models import Event
from core.redis import publish_nudge

# Sent after commit with events=[Event, …]. The only signal of the product.
ticket_event_recorded = Signal()


@dataclass(frozen=True, kw_only=True)
class EventData:
    """What `record_events` writes; the fields are those of `Event`.

    audience: one key or several ("queue:<id>", "user:<id>", "all"); empty = not told live.
    payload: JSON values only, and no personal data in the clear.
    """

    kind: str
    subject_type: str
    subject_id: int | None
    actor: AbstractBaseUser | None
    payload: dict[str, Any] = field(default_factory=dict)
    audience: str | Sequence[str] = ()
    at: datetime | None = None


def record_event(
    *,
    kind: str,
    subject_type: str,
    subject_id: int | None,
    actor: AbstractBaseUser | None,
    payload: dict[str, Any] | None = None,
    audience: str | Sequence[str] = (),
    at: datetime | None = None,
) -> Event:
    """Write one event row in the current transaction. `actor` None means the system."""
    data = EventData(
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        payload=payload or {},
        audience=audience,
        at=at,
    )
    return record_events([data])[0]


def record_events(items: Sequence[EventData]) -> list[Event]:
    """Write several event rows with one INSERT; on commit, wake the live readers once."""
    if not items:
        return []
    events = Event.objects.bulk_create([_row(item) for item in items])
    for event in events:
        # The database chose it; forgetting the placeholder makes Django load it when asked.
        event.__dict__.pop("xact", None)
    transaction.on_commit(partial(_tell, events), robust=True)
    return events


def _row(item: EventData) -> Event:
    audience = [item.audience] if isinstance(item.audience, str) else list(item.audience)
    return Event(
        kind=item.kind,
        actor_id=item.actor.pk if item.actor is not None else None,
        subject_type=item.subject_type,
        subject_id=item.subject_id,
        audience=[key for key in audience if key],
        payload=item.payload,
        at=item.at or clock.now(),
    )


def _tell(events: list[Event]) -> None:
    publish_nudge()
    ticket_event_recorded.send_robust(sender=Event, events=events)
