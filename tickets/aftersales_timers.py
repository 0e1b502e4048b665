"""Moments of after-sales requests."""

from core.timers import Timer, timer_handler
from tickets.services.aftersales import limits, moments


@timer_handler(limits.TIMER_DUE)
@timer_handler(limits.TIMER_WARN)
@timer_handler(limits.TIMER_RED)
def aftersales_moment(timer: Timer) -> None:
    """A warning, a limit, or the red line of a request."""
    moments.moment_came(
        request_id=timer.subject_id or 0,
        timer_kind=timer.kind,
        name=timer.payload.get("name", ""),
        due_at=timer.due_at,
    )
