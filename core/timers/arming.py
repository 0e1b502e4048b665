import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from core.timers.models import Timer, TimerState


@dataclass(frozen=True, kw_only=True)
class TimerSpec:
    """A moment to arm. `key` names it for good: arming the same key again moves it."""

    key: str
    kind: str
    due_at: datetime
    subject_type: str = ""
    subject_id: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)


# A key that fired (or died) for the same due moment stays as it is; one that is backing off keeps its
# place; everything else is armed anew.
_UPSERT = """
INSERT INTO core_timer AS t (key, kind, subject_type, subject_id, payload, due_at, next_at, state, attempt, last_error)
SELECT key, kind, subject_type, subject_id, payload, due_at, due_at, 'armed', 0, ''
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::jsonb[], %s::timestamptz[])
    AS spec (key, kind, subject_type, subject_id, payload, due_at)
ON CONFLICT (key) DO UPDATE SET
    kind = excluded.kind, subject_type = excluded.subject_type, subject_id = excluded.subject_id,
    payload = excluded.payload, due_at = excluded.due_at,
    next_at = CASE WHEN t.state = 'armed' AND t.due_at = excluded.due_at THEN t.next_at ELSE excluded.due_at END,
    attempt = CASE WHEN t.due_at = excluded.due_at THEN t.attempt ELSE 0 END,
    last_error = CASE WHEN t.due_at = excluded.due_at THEN t.last_error ELSE '' END,
    state = CASE WHEN t.state IN ('done', 'dead') AND t.due_at = excluded.due_at THEN t.state ELSE 'armed' END
"""


def arm(spec: TimerSpec) -> None:
    """Arm or move one timer, in the current transaction."""
    arm_many([spec])


def arm_many(specs: Sequence[TimerSpec]) -> None:
    """Arm or move timers with one statement, in the current transaction. Of equal keys the last counts."""
    # In order of key, so that two transactions arming the same timers cannot wait for each other.
    unique = sorted({spec.key: spec for spec in specs}.values(), key=lambda spec: spec.key)
    if not unique:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            [
                [spec.key for spec in unique],
                [spec.kind for spec in unique],
                [spec.subject_type for spec in unique],
                [spec.subject_id for spec in unique],
                [json.dumps(spec.payload, cls=DjangoJSONEncoder) for spec in unique],
                [spec.due_at for spec in unique],
            ],
        )


def cancel(*, subject_type: str, subject_id: int, kinds: Collection[str] | None = None) -> int:
    """Cancel the armed timers of a subject (of the given kinds); returns how many."""
    timers = Timer.objects.filter(subject_type=subject_type, subject_id=subject_id, state=TimerState.ARMED)
    if kinds is not None:
        timers = timers.filter(kind__in=kinds)
    return timers.update(state=TimerState.CANCELLED)
