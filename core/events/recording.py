import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.dispatch import Signal

from core import clock
from core.events.models import Event
from core.events.reading import LOCK_SPACE
from core.language import mask_numbers
from core.redis import publish_nudge

# Sent after commit with events=[Event, …]. The only signal of the product.
ticket_event_recorded = Signal()

# The first lock of a transaction covers everything it writes later, so one is enough: a transaction that
# took one for every event could fill the server's lock table. The setting is undone together with the
# lock, by the end of the transaction or of a rolled back savepoint.
_INSERT = f"""
WITH writing AS MATERIALIZED (
    SELECT CASE WHEN current_setting('kean.writes_events', true) IS DISTINCT FROM 'on' THEN
        pg_advisory_xact_lock_shared(
            ({LOCK_SPACE}::bigint << 48) + CASE WHEN is_called THEN last_value ELSE 0 END)::text
        || set_config('kean.writes_events', 'on', true)
    END FROM core_event_id_seq)
INSERT INTO core_event (kind, actor_id, subject_type, subject_id, audience, payload, at)
SELECT e.kind, e.actor_id, e.subject_type, e.subject_id,
       ARRAY(SELECT jsonb_array_elements_text(e.audience)), e.payload, e.at
FROM writing, unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::jsonb[], %s::jsonb[], %s::timestamptz[])
    WITH ORDINALITY AS e (kind, actor_id, subject_type, subject_id, audience, payload, at, number)
ORDER BY e.number RETURNING id
"""  # noqa: S608 (a constant of this module)


@dataclass(frozen=True, kw_only=True)
class EventData:
    """What `record_events` writes; the fields are those of `Event`.

    audience: one key or several ("queue:<id>", "user:<id>", "all"); empty = not told live.
    payload: JSON values only. Phone, card and identity numbers and e-mail addresses in it are masked.
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
    events = [_row(item) for item in items]
    _insert(events)
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
        payload=_without_numbers(item.payload),
        at=item.at or clock.now(),
    )


def _without_numbers(value: Any) -> Any:
    """History is kept for ever and never changed: what people write into reasons loses its numbers first."""
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, dict):
        return {name: _without_numbers(inner) for name, inner in value.items()}
    return [_without_numbers(inner) for inner in value] if isinstance(value, list | tuple) else value


def _insert(events: list[Event]) -> None:
    """One INSERT that first takes the writer's lock (core.events.reading); ids follow the order of the list."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                [event.kind for event in events],
                [event.actor_id for event in events],
                [event.subject_type for event in events],
                [event.subject_id for event in events],
                [json.dumps(event.audience) for event in events],
                [json.dumps(event.payload, cls=DjangoJSONEncoder) for event in events],
                [event.at for event in events],
            ],
        )
        for event, (event_id,) in zip(events, cursor.fetchall(), strict=True):
            event.pk = event_id
            event._state.adding = False
            event._state.db = connection.alias


def _tell(events: list[Event]) -> None:
    publish_nudge()
    ticket_event_recorded.send_robust(sender=Event, events=events)
