"""Sending what waits: claim with a lease and commit, send, note the result if the lease is still ours."""

import logging
import random
import threading
import time
import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import NotAllowed
from core.events.recording import EventData, record_event, record_events
from core.moments import ATTEMPTS_BEFORE_DEAD, ClockTimestamp, back_off, judging_moment
from core.outbox.models import OutboxItem, OutboxState
from core.outbox.registry import Sender, Undeliverable, senders

logger = logging.getLogger(__name__)

# Longer than any sender may take; after it another worker sends again, with the same key.
LEASE = timedelta(seconds=60)

_CLAIM = """
UPDATE core_outboxitem SET state = 'sending', lease_token = %(token)s, next_at = %(lease_end)s
WHERE id = (
    SELECT i.id FROM core_outboxitem i
    WHERE i.state IN ('ready', 'sending') AND i.next_at <= %(moment)s
      AND (i.lane = '' OR NOT EXISTS (
          SELECT 1 FROM core_outboxitem earlier
          WHERE earlier.lane = i.lane AND earlier.id < i.id AND earlier.lane <> ''
            AND earlier.state IN ('ready', 'sending')))
    ORDER BY i.next_at, i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED)
RETURNING id
"""


def deliver_due(*, now: datetime | None = None, budget_seconds: float = 15, senders_at_once: int = 1) -> int:
    """Send items that are due until none is left or the budget is used; returns how many left the house.

    senders_at_once: threads, each with a connection of its own, so that a slow receiver does not hold
    up the others.
    """
    deadline = time.monotonic() + budget_seconds
    if senders_at_once == 1:
        return _deliver_until(deadline, now)
    first = _claim(now)
    if first is None:
        return 0
    stop = threading.Event()
    with ThreadPoolExecutor(senders_at_once - 1, thread_name_prefix="outbox") as pool:
        others = [pool.submit(_deliver_in_thread, deadline, now, stop) for _n in range(senders_at_once - 1)]
        try:
            sent = int(_send(first, now)) + _deliver_until(deadline, now)
        finally:
            stop.set()
    return sent + sum(other.result() for other in others)


def _deliver_in_thread(deadline: float, now: datetime | None, stop: threading.Event) -> int:
    try:
        return _deliver_until(deadline, now, stop)
    finally:
        connection.close()


def _deliver_until(deadline: float, now: datetime | None, stop: threading.Event | None = None) -> int:
    sent = 0
    while time.monotonic() < deadline and not (stop and stop.is_set()):
        item = _claim(now)
        if item is None:
            break
        sent += _send(item, now)
    return sent


def _claim(now: datetime | None) -> OutboxItem | None:
    """Take the next item under a lease, committed before anything is sent."""
    moment = judging_moment(now)
    values: dict[str, Any] = {"token": uuid.uuid4(), "moment": moment, "lease_end": moment + LEASE}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    return OutboxItem.objects.get(pk=row[0]) if row else None


def _send(item: OutboxItem, now: datetime | None) -> bool:
    sender = senders.get(item.kind)
    try:
        if sender is None:
            raise LookupError(f"No sender for items of kind {item.kind}.")
        sender.send(item)
    except Undeliverable as error:
        _bury(item, error)
        return False
    except Exception as error:  # noqa: BLE001 (logged and stored on the item)
        logger.warning("Outbox item %s not sent (attempt %d): %r", item.dedupe_key, item.attempt + 1, error)
        _try_later(item, sender, error, now)
        return False
    _held(item).update(
        state=OutboxState.SENT, sent_at=judging_moment(now), lease_token=None, last_error=item.last_error
    )
    return True


def _held(item: OutboxItem) -> "models.QuerySet[OutboxItem]":
    """The row, if no other worker has taken it over meanwhile."""
    return OutboxItem.objects.filter(pk=item.pk, lease_token=item.lease_token)


def _try_later(item: OutboxItem, sender: Sender | None, error: Exception, now: datetime | None) -> None:
    attempt = item.attempt + 1
    schedule = sender.retry_after if sender else None
    if attempt >= (ATTEMPTS_BEFORE_DEAD if schedule is None else len(schedule) + 1):
        _bury(item, error)
        return
    if schedule is None:
        wait = back_off(attempt)
    else:
        wait = timedelta(seconds=schedule[attempt - 1] * random.uniform(1.0, 1.1))  # noqa: S311 (spreads load)
    _held(item).update(
        state=OutboxState.READY,
        attempt=attempt,
        next_at=judging_moment(now) + wait,
        lease_token=None,
        last_error=repr(error)[:2000],
    )


def _bury(item: OutboxItem, error: Exception) -> None:
    with transaction.atomic():
        buried = _held(item).update(
            state=OutboxState.DEAD, attempt=item.attempt + 1, lease_token=None, last_error=repr(error)[:2000]
        )
        if not buried:
            return
        logger.error("Outbox item %s is dead: %r", item.dedupe_key, error)
        record_event(
            kind="outbox.dead",
            subject_type="outbox",
            subject_id=item.pk,
            actor=None,
            payload={"key": item.dedupe_key, "kind": item.kind, "target": item.target, "error": repr(error)[:500]},
        )


def replay(*, ids: Collection[int], actor: AbstractBaseUser) -> int:
    """Queue dead items again with their old keys; returns how many were dead."""
    if not actor.has_perm("core.replay_outboxitem"):  # type: ignore[attr-defined]
        raise NotAllowed(_("没有重发的权限。"))
    with transaction.atomic():
        dead = list(OutboxItem.objects.select_for_update().filter(pk__in=ids, state=OutboxState.DEAD).order_by("pk"))
        OutboxItem.objects.filter(pk__in=[item.pk for item in dead]).update(
            state=OutboxState.READY, attempt=0, next_at=ClockTimestamp()
        )
        record_events(
            [
                EventData(
                    kind="outbox.replayed",
                    subject_type="outbox",
                    subject_id=item.pk,
                    actor=actor,
                    payload={"key": item.dedupe_key, "kind": item.kind, "target": item.target},
                )
                for item in dead
            ]
        )
    return len(dead)
