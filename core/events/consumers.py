"""Upper floors reading the events of lower ones, each with a cursor of its own."""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from core.events.models import Event, EventCursor
from core.events.reading import readable
from core.events.recording import record_event
from core.moments import ATTEMPTS_BEFORE_DEAD, back_off, judging_moment

logger = logging.getLogger(__name__)

Handler = Callable[[list[Event]], None]


@dataclass(frozen=True)
class Consumer:
    name: str
    handler: Handler
    kinds: frozenset[str] | None


_consumers: dict[str, Consumer] = {}


def event_consumer(name: str, kinds: Collection[str] | None = None) -> Callable[[Handler], Handler]:
    """Register a reader of events, run by every drain. Put it in the app's `consumers.py`.

    The handler gets a list of events in order. What it writes and the cursor are one transaction, so
    each event is handled exactly once; effects outside the database go through the outbox. A failing
    event is tried 8 times alone, then recorded as "consumer.dead" and passed over.
    """

    def register(handler: Handler) -> Handler:
        known = _consumers.get(name)
        if known is not None and known.handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"Two event consumers are called {name}.")
        _consumers[name] = Consumer(name, handler, frozenset(kinds) if kinds is not None else None)
        return handler

    return register


def run_consumers(*, budget_seconds: float = 15, now: datetime | None = None) -> int:
    """Let every consumer read on; returns the number of events passed."""
    deadline = time.monotonic() + budget_seconds
    passed = 0
    for consumer in list(_consumers.values()):
        while time.monotonic() < deadline:
            step = consume(consumer.name, consumer.handler, kinds=consumer.kinds, now=now)
            passed += step
            if not step:
                break
    return passed


def consume(
    name: str,
    handler: Handler,
    kinds: Collection[str] | None = None,
    batch: int = 500,
    now: datetime | None = None,
) -> int:
    """Read one batch for `name`; returns how many events the cursor passed (0: nothing, busy or backing off)."""
    EventCursor.objects.bulk_create([EventCursor(name=name)], ignore_conflicts=True)
    with transaction.atomic():
        cursor = EventCursor.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if cursor is None or cursor.next_at > judging_moment(now):
            return 0
        # After a failure go one by one, so that only the event at fault waits.
        events = list(readable(cursor.last_id)[: 1 if cursor.attempt else batch])
        if not events:
            return 0
        wanted = [event for event in events if kinds is None or event.kind in kinds]
        try:
            with transaction.atomic():
                if wanted:
                    handler(wanted)
        except Exception as error:
            logger.exception("Event consumer %s failed", name)
            return _failed(cursor, wanted[0] if len(events) == 1 else None, error, now)
        return _advance(cursor, events)


def _advance(cursor: EventCursor, events: list[Event]) -> int:
    cursor.last_id = events[-1].pk
    cursor.attempt, cursor.last_error = 0, ""
    cursor.save(update_fields=["last_id", "attempt", "last_error"])
    return len(events)


def _failed(cursor: EventCursor, alone: Event | None, error: Exception, now: datetime | None) -> int:
    """Back off; an event that failed alone for the last time is recorded and passed over."""
    attempt = cursor.attempt + 1
    if alone is not None and attempt >= ATTEMPTS_BEFORE_DEAD:
        record_event(
            kind="consumer.dead",
            subject_type="event",
            subject_id=alone.pk,
            actor=None,
            payload={"consumer": cursor.name, "kind": alone.kind, "error": repr(error)[:500]},
        )
        return _advance(cursor, [alone])
    cursor.attempt = attempt
    cursor.next_at = judging_moment(now) + back_off(attempt)
    cursor.last_error = repr(error)[:2000]
    cursor.save(update_fields=["attempt", "next_at", "last_error"])
    return 0


def consumers_waiting() -> bool:
    """Whether any registered consumer has events ahead of it. One query, no locks."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT 1 FROM core_eventcursor c
                WHERE c.name = ANY(%s) AND c.next_at <= clock_timestamp()
                  AND EXISTS (SELECT 1 FROM core_event e WHERE e.id > c.last_id))
            """,
            [list(_consumers)],
        )
        return cursor.fetchone()[0]
