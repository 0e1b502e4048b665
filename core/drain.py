"""Doing whatever is due: by a worker when nudged, by the ticker itself when no worker does."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError as BrokerError

from core.events.consumers import consumers_waiting, run_consumers
from core.outbox.delivery import deliver_due
from core.redis import client
from core.timers.firing import fire_due

logger = logging.getLogger(__name__)

TASK = "core.tasks.drain"
# Present while a nudge lies in the queue: workers that are down find one message, not thousands.
GUARD_KEY = "kean:nudge"
_GUARD_SECONDS = 5
_QUEUE_LIMIT = 10
# Timers wait at most this long for slow receivers when one worker does everything.
_DELIVER_SECONDS = 2.0


@dataclass(frozen=True)
class Waiting:
    """What a worker would find to do, how late the oldest of it is, and how long no worker was seen."""

    anything: bool
    overdue_seconds: float
    worker_unseen_seconds: float


def drain(*, budget_seconds: float = 15, now: datetime | None = None, senders_at_once: int = 4) -> int:
    """Fire timers, let consumers read, send the outbox, again until nothing is left or the budget is used.

    Returns how many timers fired, events were passed and items left.
    """
    deadline = time.monotonic() + budget_seconds
    total = 0
    while (left := deadline - time.monotonic()) > 0:
        done = fire_due(now=now, budget_seconds=min(left, 5))
        done += run_consumers(now=now, budget_seconds=min(left, 5))
        done += deliver_due(now=now, budget_seconds=min(left, _DELIVER_SECONDS), senders_at_once=senders_at_once)
        total += done
        if not done:
            break
    return total


def look() -> Waiting:
    """Whether anything is due, by the database's clock. A few index look-ups, no locks."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT
                extract(epoch FROM clock_timestamp() - least(
                    (SELECT min(next_at) FROM core_timer WHERE state = 'armed'),
                    (SELECT min(next_at) FROM core_outboxitem WHERE state IN ('ready', 'sending')))),
                (SELECT extract(epoch FROM clock_timestamp() - max(beat_at)) FROM core_heartbeat WHERE role = 'worker')
            """
        )
        age, unseen = cursor.fetchone()
    is_due = age is not None and age >= 0
    return Waiting(
        anything=is_due or consumers_waiting(),
        overdue_seconds=float(age) if is_due else 0.0,
        worker_unseen_seconds=float("inf") if unseen is None else float(unseen),
    )


def nudge() -> bool:
    """Ask a worker to drain. False when the broker is away; True also when a nudge already lies there."""
    try:
        broker = client()
        if not broker.set(GUARD_KEY, "1", nx=True, ex=_GUARD_SECONDS):
            return True
        if int(broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE)) < _QUEUE_LIMIT:
            current_app.send_task(TASK, queue=settings.CELERY_TASK_DEFAULT_QUEUE, retry=False)
    except (redis.RedisError, BrokerError, OSError) as error:
        logger.warning("No worker was nudged, the broker is away: %s", error)
        return False
    return True


def take_nudge() -> None:
    """A worker started: the next nudge may be queued while it runs."""
    try:
        client().delete(GUARD_KEY)
    except redis.RedisError as error:
        logger.warning("The nudge guard stays until it expires: %s", error)
