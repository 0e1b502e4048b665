"""Statutory deadlines come by themselves."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from tickets.services.legal import clocks


@timer_handler(clocks.TIMER_WARN)
def warn(timer: Timer) -> None:
    """Part of a statutory period has passed."""
    clocks.warn(clock_id=timer.subject_id or 0, at=timer.due_at)


@timer_handler(clocks.TIMER_DUE)
def due(timer: Timer) -> None:
    """A statutory period is over."""
    clocks.time_is_up(clock_id=timer.subject_id or 0, due_at=timer.due_at)


@periodic("tickets.legal_calendar", every=timedelta(hours=1))
def calendar_may_know(slot: datetime) -> None:
    """Deadlines whose year had no calendar yet are worked out once it has one."""
    clocks.compute_again()
