"""Weekly hours on the dates of a calendar."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from core.calendars.arithmetic import CalendarDataMissing, Schedule

_WEEKEND = 5


def weekday_of(on: date, makeup_weekday: int, schedule: Schedule | None) -> int | None:
    """Which weekday's shifts the date gets; None on a day off. Years nobody has loaded count as plain weeks."""
    if schedule is None:
        return on.weekday()
    try:
        works = schedule.is_working_day(on)
        public = schedule.public_days.get(on)
    except CalendarDataMissing:
        return on.weekday()
    if not works:
        return None
    return makeup_weekday if public and on.weekday() >= _WEEKEND else on.weekday()


def span_of(on: date, opens_minute: int, closes_minute: int) -> tuple[datetime, datetime]:
    """The moments of a span of a day; one that closes before it opens ends on the next day."""
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(on, time(0))
    longer = timedelta(days=1) if closes_minute <= opens_minute else timedelta(0)
    start = midnight + timedelta(minutes=opens_minute)
    end = midnight + timedelta(minutes=closes_minute) + longer
    return start.replace(tzinfo=zone), end.replace(tzinfo=zone)
