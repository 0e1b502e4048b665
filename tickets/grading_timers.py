"""What happens when a raised ticket was not taken up in time."""

from core.timers import Timer, timer_handler
from tickets.grading import escalation


@timer_handler(escalation.TIMER)
def escalation_late(timer: Timer) -> None:
    """The next role above is told."""
    escalation.moment_came(escalation_id=timer.subject_id or 0)
