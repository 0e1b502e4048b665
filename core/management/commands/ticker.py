"""The loop that notices what is due and nudges a worker. Run one or several."""

import gc
import logging
import signal
import threading
import time
from argparse import ArgumentParser
from datetime import datetime
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from core.drain import drain, look, nudge
from core.timers.heartbeats import beat
from core.timers.slots import arm_periodic

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 3.0
# Also when nothing is due: the worker's heartbeat is written when it is nudged.
NUDGE_SECONDS = 4.0
# Work that is this late, or a broker away for as long, makes the ticker work itself.
PATIENCE_SECONDS = 5.0
SELF_DRAIN_SECONDS = 0.5
# After SIGTERM it ends by itself within this, or is made to: a lost database keeps it waiting for longer.
GRACE_SECONDS = 0.7


class Ticker:
    """One turn after another; knows what it did when, by the monotonic clock only."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._seen_slots: dict[str, datetime] = {}
        self._beat_at = self._nudged_at = float("-inf")
        self._broker_lost_at: float | None = None

    def run(self, interval: float) -> None:
        while not self.stop.is_set():
            try:
                self.turn()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("Ticker waits for the database: %s", error)
                # Forget the slots: a restored or failed-over database may not have them.
                self._seen_slots.clear()
                connection.close()
            close_old_connections()
            self.stop.wait(interval)
        connection.close()

    def turn(self) -> None:
        """Beat, arm periodic slots, nudge when something waits, work when nobody does."""
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            beat("ticker")
            self._beat_at = now
        arm_periodic(seen=self._seen_slots)
        waiting = look()
        if waiting.anything or now - self._nudged_at >= NUDGE_SECONDS:
            self._nudge(now)
        lost_for = 0.0 if self._broker_lost_at is None else now - self._broker_lost_at
        nobody_for = max(lost_for, waiting.overdue_seconds, waiting.worker_unseen_seconds - HEARTBEAT_SECONDS)
        if waiting.anything and nobody_for > PATIENCE_SECONDS:
            drain(budget_seconds=SELF_DRAIN_SECONDS, senders_at_once=1)

    def _nudge(self, now: float) -> None:
        self._nudged_at = now
        if nudge():
            self._broker_lost_at = None
        elif self._broker_lost_at is None:
            self._broker_lost_at = now


class Command(BaseCommand):
    help = "Notice due timers, periodic jobs, events and outgoing items, and nudge a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=0.5, help="Seconds between two looks (0.5 to 1).")

    def handle(self, *args: Any, **options: Any) -> None:
        ticker = Ticker()

        def end(number: int, frame: FrameType | None) -> None:
            ticker.stop.set()
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

        def end_now(number: int, frame: FrameType | None) -> None:
            # Whatever it was doing is one transaction, or an item that is sent again under the same key.
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGALRM, end_now)
        try:
            ticker.run(options["interval"])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _leave_quickly()


def _leave_quickly() -> None:
    """Stop the pool's threads, and spare the interpreter a last round over all objects: half a second of work."""
    pool = getattr(connection, "pool", None)
    if pool is not None:
        pool.close(timeout=0.2)
    gc.freeze()
