"""Moments of registers."""

from core.registers.services import REVIEW, review_came
from core.timers import Timer, timer_handler


@timer_handler(REVIEW)
def record_review_came(timer: Timer) -> None:
    """The day of a record's review."""
    review_came(record_type=timer.subject_type, record_id=timer.subject_id or 0)
