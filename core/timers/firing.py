"""Firing what is due: claim when executing, one transaction for firing, state and effects."""

import logging
import random
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import NotAllowed
from core.events.recording import EventData, record_event, record_events
from core.moments import ATTEMPTS_BEFORE_DEAD, ClockTimestamp, back_off, judging_moment
from core.timers.models import Timer, TimerFiring, TimerState
from core.timers.registry import Postpone, timer_handlers

logger = logging.getLogger(__name__)

BATCH = 100
# A batch that takes longer commits what it has and gives the rest back, so that slow handlers keep
# neither other workers nor people from their rows.
HOLD_SECONDS = 0.5
# A handler waits this long for a row that somebody edits; less than PostgreSQL's deadlock_timeout (1 s),
# so it is always the timer that gives way and tries again, never the person's request that is aborted.
LOCK_PATIENCE = "300ms"
_LOCK_NOT_AVAILABLE, _DEADLOCK, _SERIALIZATION = "55P03", "40P01", "40001"

_RECORD_FIRINGS = """
INSERT INTO core_timerfiring (timer_key, due_at, attempt, fired_at)
SELECT key, due_at, attempt, %s FROM unnest(%s::text[], %s::timestamptz[], %s::int[]) AS f (key, due_at, attempt)
ON CONFLICT (timer_key, due_at) DO NOTHING RETURNING timer_key
"""

_MARK_DONE = """
UPDATE core_timer t SET state = 'done', last_error = ''
FROM unnest(%s::bigint[], %s::timestamptz[]) AS run (id, due_at)
WHERE t.id = run.id AND t.due_at = run.due_at AND t.state IN ('armed', 'cancelled')
"""


def fire_due(*, now: datetime | None = None, budget_seconds: float = 15) -> int:
    """Fire armed timers that are due until none is left or the budget is used; returns how many fired.

    Due is judged by the database's clock, or by `now`, or by the moment pinned with `core.clock.at`.
    """
    deadline = time.monotonic() + budget_seconds
    fired = 0
    with clock.at(now) if now is not None else nullcontext():
        while True:
            batch = _Batch()
            fired += batch.fire()
            if not batch.claimed or time.monotonic() >= deadline:
                return fired


class _Batch:
    """Up to BATCH due timers, claimed with row locks and settled in one transaction."""

    def __init__(self) -> None:
        self.claimed = 0
        self.moment = clock.now()
        self.hold_until = 0.0

    def fire(self) -> int:
        """Fire what can be claimed now; returns how many handlers ran to their end."""
        with transaction.atomic():
            timers = self._claim()
            self.claimed = len(timers)
            if not timers:
                return 0
            fresh_keys = self._record_firings(timers)
            fresh = [timer for timer in timers if timer.key in fresh_keys]
            run, culprit = self._run_together(fresh)
            if culprit is not None:
                run = self._run_one_by_one([timer for timer in fresh if timer is not culprit])
            ran = {timer.pk for timer in run}
            self._forget_firings([timer for timer in fresh if timer.pk not in ran])
            _mark_done([timer for timer in timers if timer.pk in ran or timer.key not in fresh_keys])
        return len(run)

    def _claim(self) -> list[Timer]:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
        self.moment = judging_moment()
        due = Timer.objects.filter(state=TimerState.ARMED, next_at__lte=self.moment).order_by("next_at", "id")
        timers = list(due.select_for_update(skip_locked=True)[:BATCH])
        self.hold_until = time.monotonic() + HOLD_SECONDS
        return timers

    def _is_late(self) -> bool:
        return time.monotonic() >= self.hold_until

    def _record_firings(self, timers: Sequence[Timer]) -> set[str]:
        with connection.cursor() as cursor:
            columns = ([t.key for t in timers], [t.due_at for t in timers], [t.attempt for t in timers])
            cursor.execute(_RECORD_FIRINGS, [self.moment, *columns])
            return {key for (key,) in cursor.fetchall()}

    def _run_together(self, timers: Sequence[Timer]) -> tuple[list[Timer], Timer | None]:
        """Run handlers under one savepoint; returns those that ran, or the one whose failure undid them all."""
        run: list[Timer] = []
        subjects = _Subjects()
        current: Timer | None = None
        try:
            with transaction.atomic():
                for timer in timers:
                    if run and self._is_late():
                        break
                    if subjects.may_run(timer):
                        current = timer
                        _handle(timer)
                        run.append(timer)
        except Exception as error:
            if current is None:
                raise
            self._settle(current, error)
            return [], current
        return run, None

    def _run_one_by_one(self, timers: Sequence[Timer]) -> list[Timer]:
        run: list[Timer] = []
        subjects = _Subjects()
        for timer in timers:
            if self._is_late():
                break
            if not subjects.may_run(timer):
                continue
            try:
                with transaction.atomic():
                    _handle(timer)
            except Exception as error:  # noqa: BLE001 (logged and stored by _settle)
                self._settle(timer, error)
            else:
                run.append(timer)
        return run

    def _forget_firings(self, timers: Sequence[Timer]) -> None:
        for due_at in {timer.due_at for timer in timers}:
            keys = [timer.key for timer in timers if timer.due_at == due_at]
            TimerFiring.objects.filter(timer_key__in=keys, due_at=due_at).delete()

    def _settle(self, timer: Timer, error: Exception) -> None:
        """Decide what becomes of a timer whose handler raised: later, later with a black mark, or dead."""
        row = Timer.objects.filter(pk=timer.pk)
        if isinstance(error, Postpone):
            until = max(error.until, self.moment + timedelta(seconds=1))
            row.update(state=TimerState.ARMED, next_at=until)
        elif _is_busy(error):
            soon = timedelta(seconds=random.uniform(0.5, 1.5))  # noqa: S311 (spreads load, guards nothing)
            row.update(state=TimerState.ARMED, next_at=self.moment + soon)
        else:
            self._fail(timer, error)

    def _fail(self, timer: Timer, error: Exception) -> None:
        attempt = timer.attempt + 1
        is_dead = attempt >= ATTEMPTS_BEFORE_DEAD
        Timer.objects.filter(pk=timer.pk).update(
            state=TimerState.DEAD if is_dead else TimerState.ARMED,
            attempt=attempt,
            next_at=self.moment + back_off(attempt),
            last_error=repr(error)[:2000],
        )
        logger.error("Timer %s failed (attempt %d)", timer.key, attempt, exc_info=error)
        if is_dead:
            record_event(
                kind="timer.dead",
                subject_type="timer",
                subject_id=timer.pk,
                actor=None,
                payload={"key": timer.key, "kind": timer.kind, "error": repr(error)[:500]},
            )


def _handle(timer: Timer) -> None:
    handler = timer_handlers.get(timer.kind)
    if handler is None:
        raise LookupError(f"No handler for timers of kind {timer.kind}.")
    handler(timer)


class _Subjects:
    """Notices that an earlier handler of the batch withdrew or moved a timer of its own subject."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()

    def may_run(self, timer: Timer) -> bool:
        if timer.subject_id is None:
            return True
        subject = (timer.subject_type, timer.subject_id)
        if subject not in self._seen:
            self._seen.add(subject)
            return True
        return Timer.objects.filter(pk=timer.pk, state=TimerState.ARMED, due_at=timer.due_at).exists()


def _mark_done(timers: Sequence[Timer]) -> None:
    """Also when the handler cancelled its own timer; not when it armed it for another moment."""
    if timers:
        with connection.cursor() as cursor:
            cursor.execute(_MARK_DONE, [[timer.pk for timer in timers], [timer.due_at for timer in timers]])


def _is_busy(error: Exception) -> bool:
    if not isinstance(error, OperationalError):
        return False
    return getattr(error.__cause__, "sqlstate", None) in {_LOCK_NOT_AVAILABLE, _DEADLOCK, _SERIALIZATION}


def replay(*, ids: Collection[int], actor: AbstractBaseUser) -> int:
    """Give dead timers another eight attempts, starting now; returns how many were dead."""
    if not actor.has_perm("core.replay_timer"):  # type: ignore[attr-defined]
        raise NotAllowed(_("没有重放定时器的权限。"))
    with transaction.atomic():
        dead = list(Timer.objects.select_for_update().filter(pk__in=ids, state=TimerState.DEAD).order_by("pk"))
        Timer.objects.filter(pk__in=[timer.pk for timer in dead]).update(
            state=TimerState.ARMED, attempt=0, next_at=ClockTimestamp()
        )
        record_events(
            [
                EventData(
                    kind="timer.replayed",
                    subject_type="timer",
                    subject_id=timer.pk,
                    actor=actor,
                    payload={"key": timer.key, "kind": timer.kind},
                )
                for timer in dead
            ]
        )
    return len(dead)
