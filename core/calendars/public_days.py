"""Public holidays and make-up workdays as published, year by year.

The package `holidays` also knows years whose arrangement the State Council has not announced
yet; then it has the statutory days without any make-up workday. Such a year is refused here:
every announced year since 2004 has make-up workdays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

DEFAULT_YEARS = range(2004, 2027)
_DAY = timedelta(days=1)
_SATURDAY = 5


class YearNotPublished(ValueError):
    """The arrangement of days off and make-up workdays of this year is not known."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(f"{year} 年的放假调休安排尚未公布。")


@dataclass(frozen=True)
class PublicDay:
    on: date
    works: bool
    name: str


def _weekends_joined(off: Mapping[date, str], worked: set[date], year: int) -> dict[date, str]:
    """Weekend days that touch a holiday belong to it, as the announcements say (10月1日至7日)."""
    joined: dict[date, str] = {}
    for start in off:
        for step in (_DAY, -_DAY):
            day = start + step
            while day.weekday() >= _SATURDAY and day.year == year and day not in worked and day not in off:
                joined.setdefault(day, "周末连休")
                day += step
    return joined


@lru_cache(maxsize=64)
def published_days(year: int) -> tuple[PublicDay, ...]:
    """Days off and make-up workdays of mainland China in one year; YearNotPublished when unknown."""
    if not 2004 <= year <= 2100:
        raise YearNotPublished(year)
    table = holidays.country_holidays("CN", years=[year, year + 1], language="zh_CN")
    worked = {day for day in table.weekend_workdays if day.year == year}
    off = {day: name for day, name in table.items() if day.year == year}
    if not worked:
        raise YearNotPublished(year)
    off |= _weekends_joined({**off, date(year + 1, 1, 1): "元旦"}, worked, year)
    days = [PublicDay(day, False, name) for day, name in off.items() if day not in worked]
    days += [PublicDay(day, True, "调休上班") for day in worked]
    return tuple(sorted(days, key=lambda day: day.on))


@lru_cache(maxsize=1)
def default_days() -> Mapping[date, bool]:
    """The public days of DEFAULT_YEARS as Schedule wants them: working or not."""
    return as_mapping(day for year in DEFAULT_YEARS for day in published_days(year))


def as_mapping(days: Iterable[PublicDay]) -> dict[date, bool]:
    return {day.on: day.works for day in days}
