"""What happens when the time limit of a task is over."""

from datetime import datetime, timedelta

from core.procedures.services import giving
from core.timers import Timer, periodic, timer_handler


@timer_handler(giving.TASK_TIMER)
def task_moment(timer: Timer) -> None:
    """The task is late."""
    giving.moment_came(task_id=timer.subject_id or 0, due_at=timer.due_at)


@periodic("procedures.staffing", every=timedelta(minutes=10))
def look_for_people(slot: datetime) -> None:
    """A department whose last person left raises the alarm for what it still has to do."""
    giving.look_for_people()
