"""The customer is reminded of a visit."""

from core.timers import Timer, timer_handler
from tickets.services.appointments import reminding


@timer_handler(reminding.TIMER)
def remind(timer: Timer) -> None:
    """A day before the visit."""
    reminding.moment_came(appointment_id=timer.subject_id or 0, due_at=timer.due_at)
