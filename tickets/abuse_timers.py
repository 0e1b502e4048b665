"""Flags of customers end by themselves."""

from core.timers import Timer, timer_handler
from tickets.services import abuse


@timer_handler(abuse.TIMER_EXPIRES)
def flag_expires(timer: Timer) -> None:
    """The time of a flag is up."""
    if timer.subject_id is not None:
        abuse.flag_expires(report_id=timer.subject_id, due_at=timer.due_at)
