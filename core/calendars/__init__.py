"""Working time: opening hours, public holidays and make-up workdays, and the arithmetic on them.

schedule = load_schedule(calendar_id)
due_at = schedule.add(started_at, seconds, pauses)
"""

from typing import TYPE_CHECKING, Any

from core.calendars.arithmetic import CalendarDataMissing, Schedule

if TYPE_CHECKING:
    from core.calendars.services import legal_schedule, load_schedule, schedule_of

__all__ = ["CalendarDataMissing", "Schedule", "legal_schedule", "load_schedule", "schedule_of"]


def __getattr__(name: str) -> Any:
    """The readers of rows are fetched when asked for, so that the arithmetic loads without Django."""
    if name in __all__:
        from core.calendars import services  # the models import this package while they load

        return getattr(services, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
