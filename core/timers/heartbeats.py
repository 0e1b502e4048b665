import os
import socket
from dataclasses import dataclass

from django.db import connection

_BEAT = """
INSERT INTO core_heartbeat (name, role, beat_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at
"""


@dataclass(frozen=True)
class Liveness:
    """What `/readyz` and `/metrics` tell; seconds, None when never seen or nothing waits."""

    ticker_seen_seconds: float | None
    worker_seen_seconds: float | None
    oldest_due_seconds: float
    oldest_outbox_seconds: float
    dead_timers: int
    dead_outbox: int


def beat(role: str) -> None:
    """Note that this process ("ticker", "worker") is alive."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [f"{role}@{socket.gethostname()}:{os.getpid()}"[:120], role])


def liveness() -> Liveness:
    """How the engine is doing, in one query that does not grow with the age of the system."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT
                (SELECT extract(epoch FROM clock_timestamp() - max(beat_at)) FROM core_heartbeat WHERE role = 'ticker'),
                (SELECT extract(epoch FROM clock_timestamp() - max(beat_at)) FROM core_heartbeat WHERE role = 'worker'),
                (SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_at)))
                   FROM core_timer WHERE state = 'armed'),
                (SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_at)))
                   FROM core_outboxitem WHERE state IN ('ready', 'sending')),
                (SELECT count(*) FROM core_timer WHERE state = 'dead'),
                (SELECT count(*) FROM core_outboxitem WHERE state = 'dead')
            """
        )
        ticker, worker, due, outbox, dead_timers, dead_outbox = cursor.fetchone()
    return Liveness(
        ticker_seen_seconds=None if ticker is None else float(ticker),
        worker_seen_seconds=None if worker is None else float(worker),
        oldest_due_seconds=float(due or 0),
        oldest_outbox_seconds=float(outbox or 0),
        dead_timers=dead_timers,
        dead_outbox=dead_outbox,
    )
