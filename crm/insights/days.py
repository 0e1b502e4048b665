"""Days and spans of days, on the calendar of Shanghai. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONGEST = 400


def day_of(moment: datetime) -> date:
    """The day in Shanghai on which a moment lies."""
    return moment.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("A period ends after it begins.")
        if (self.last - self.first).days >= LONGEST:
            raise ValueError(f"A period has at most {LONGEST} days.")

    @classmethod
    def ending(cls, last: date, *, days: int) -> "Period":
        """So many days up to and with `last`."""
        return cls(last - timedelta(days=days - 1), last)

    @classmethod
    def month_of(cls, day: date) -> "Period":
        """The whole month in which a day lies."""
        first = day.replace(day=1)
        return cls(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def previous(self) -> "Period":
        """The period of the same length just before."""
        return Period.ending(self.first - timedelta(days=1), days=self.length)

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))

    def weeks(self) -> Iterator["Period"]:
        """Weeks from Monday to Sunday, the first and the last cut to the period."""
        first = self.first
        while first <= self.last:
            last = min(first + timedelta(days=6 - first.weekday()), self.last)
            yield Period(first, last)
            first = last + timedelta(days=1)

    @property
    def start(self) -> datetime:
        return start_of(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the period."""
        return start_of(self.last + timedelta(days=1))
