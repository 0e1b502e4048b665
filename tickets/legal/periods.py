"""When a statutory period ends.

Periods in hours run from the stated moment; in days, working days and months the first day is not
counted and the last one ends at 24:00 (Civil Code 201, 203). A last day on a holiday moves on only for
the consumer's periods; the seller's duties keep the earlier date.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.calendars.arithmetic import DAY_MINUTES, EmptySchedule, Schedule, natural_schedule

ZONE = "Asia/Shanghai"
NATURAL, WORKING, BUSINESS, WINDOW = "natural", "working", "business", "window"
HOURS, DAYS, MONTHS = "hours", "days", "months"
Pauses = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Period:
    """A span of law: `amount` of `unit`, counted by `clock`.

    Windows count only between `opens` and `closes` (minutes after midnight) of every day, holidays too.
    `is_extended`: a last day on a holiday or weekend moves to the next working day (the consumer's periods).
    """

    amount: int
    unit: str = DAYS
    clock: str = NATURAL
    opens: int = 0
    closes: int = DAY_MINUTES
    is_extended: bool = False

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError("A period is longer than nothing.")
        if self.clock == WORKING and self.unit != DAYS:
            raise ValueError("Working days are counted in days.")
        if self.clock in (BUSINESS, WINDOW) and self.unit != HOURS:
            raise ValueError("Opening hours and windows are counted in hours.")
        if not 0 <= self.opens < self.closes <= DAY_MINUTES:
            raise EmptySchedule("时段的开始须早于结束。")


def daily_window(opens: int, closes: int) -> Schedule:
    """The same hours every day of the year."""
    return Schedule(timezone=ZONE, weekly=(((opens, closes),),) * 7)


def due_at(
    period: Period, started_at: datetime, *, workdays: Schedule, business: Schedule | None = None, pauses: Pauses = ()
) -> datetime:
    """The moment at which the period is over.

    `workdays` knows public holidays and make-up workdays; `business` the opening hours. Time in `pauses`
    does not count: to the second for hours, by whole days for days. Raises CalendarDataMissing when a day
    lies in a year whose holidays nobody has entered.
    """
    return moment_after(period, period.amount, started_at, workdays=workdays, business=business, pauses=pauses)


def moment_after(
    period: Period,
    amount: int,
    started_at: datetime,
    *,
    workdays: Schedule,
    business: Schedule | None = None,
    pauses: Pauses = (),
) -> datetime:
    """The moment at which `amount` of the period's unit has passed, by its clock: for warnings on the way."""
    if period.unit == HOURS:
        return _hours_schedule(period, business or workdays).add(started_at, amount * 3600, pauses)
    begins = workdays.local_date(started_at)
    if period.clock == WORKING:
        last = workdays.add_working_days(begins, amount)
    elif period.unit == MONTHS:
        last = _months_later(begins, amount)
    else:
        last = begins + timedelta(days=amount)
    last += timedelta(days=_days_paused(workdays, pauses))
    if period.is_extended:
        last = workdays.extend_past_closed(last)
    return workdays.end_of_day(last)


def _hours_schedule(period: Period, business: Schedule) -> Schedule:
    if period.clock == BUSINESS:
        return business
    if period.clock == WINDOW:
        return daily_window(period.opens, period.closes)
    return natural_schedule(ZONE)


def _months_later(begins: date, months: int) -> date:
    """The same day so many months later, or the month's last day when it has no such day."""
    year, month = divmod(begins.month - 1 + months, 12)
    year += begins.year
    return date(year, month + 1, min(begins.day, monthrange(year, month + 1)[1]))


def _days_paused(workdays: Schedule, pauses: Pauses) -> int:
    return sum((workdays.local_date(ends) - workdays.local_date(begins)).days for begins, ends in pauses)


def in_time(period: Period, due: datetime, at: datetime) -> bool:
    """Whether what was done at `at` was done in time. 24:00 of the last day is too late; the last second of an
    hour's period is not."""
    return at <= due if period.unit == HOURS else at < due
