"""Writing calendars and reading them as schedules."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.calendars.arithmetic import DAY_MINUTES, Schedule, Windows
from core.calendars.models import (
    BusinessCalendar,
    CalendarDay,
    DayKind,
    HolidaySource,
    OpeningHours,
    PublicHoliday,
    PublicHolidayYear,
    minute_text,
)
from core.calendars.public_days import DEFAULT_YEARS, PublicDay, YearNotPublished, default_days, published_days
from core.clock import now
from core.errors import Conflict, InvalidInput
from core.events import record_event

#: Promises of weeks reach into the next year; the State Council announces it in November.
LOOK_AHEAD = timedelta(days=60)

CLOCK_TEXT = re.compile(r"^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$")
WORKDAYS: tuple[Windows, ...] = (*((((0, DAY_MINUTES),),) * 5), (), ())


@dataclass(frozen=True)
class HoursInput:
    """One window of a weekday; `weekday` counts from Monday 0, minutes from midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True)
class DayInput:
    """An exception for one day; `windows` None means the usual hours of a working day."""

    on: date
    kind: str
    windows: Windows | None = None


def parse_minute(text: str) -> int:
    """Minutes after midnight of "HH:MM"; "24:00" is 1440. ValueError for anything else."""
    found = CLOCK_TEXT.match(text)
    if not found:
        raise ValueError(text)
    return DAY_MINUTES if found[1] is None else int(found[1]) * 60 + int(found[2])


def windows_as_json(windows: Windows | None) -> list[dict[str, str]] | None:
    if windows is None:
        return None
    return [{"opens": minute_text(opens), "closes": minute_text(closes)} for opens, closes in windows]


def windows_from_json(raw: Sequence[Mapping[str, str]]) -> Windows:
    return tuple(sorted((parse_minute(item["opens"]), parse_minute(item["closes"])) for item in raw))


# Reading


def load_schedule(calendar_id: int) -> Schedule:
    """The schedule of a calendar. One query while the calendar is unchanged; it is remembered by version."""
    return schedule_of(BusinessCalendar.objects.get(pk=calendar_id))


def schedule_of(calendar: BusinessCalendar) -> Schedule:
    """The schedule of a calendar row that is at hand: no query while this version is remembered."""
    database = str(connection.settings_dict["NAME"])
    return _remembered(database, calendar.pk, calendar.version, calendar.updated_at.isoformat())


@lru_cache(maxsize=256)
def _remembered(_database: str, calendar_id: int, _version: int, _changed: str) -> Schedule:
    # In the process on purpose: a schedule gets faster with use (its days are worked out once),
    # which a copy fetched from Redis for every question would lose.
    calendar = BusinessCalendar.objects.with_lists().get(pk=calendar_id)
    weekly: list[list[tuple[int, int]]] = [[] for _day in range(7)]
    for window in calendar.hours.all():
        weekly[window.weekday].append((window.opens_minute, window.closes_minute))
    hours = tuple(tuple(sorted(windows)) for windows in weekly)
    usual = next((windows for windows in hours if windows), ())
    own = {day.on: _own_windows(day, usual) for day in calendar.days.all()}
    public, years = public_days(calendar.holidays)
    return Schedule(timezone=calendar.timezone, weekly=hours, public_days=public, own_days=own, maintained_years=years)


def _own_windows(day: CalendarDay, usual: Windows) -> Windows:
    if day.kind == DayKind.CLOSED:
        return ()
    return windows_from_json(day.hours) if day.hours else usual


def public_days(country: str | None) -> tuple[Mapping[date, bool], frozenset[int] | None]:
    """Public days (working or not) and the years they are known for; no limit without a country.

    While no year has been loaded into the tables, the announced years 2004–2026 count as known.
    """
    if not country:
        return {}, None
    years = frozenset(PublicHolidayYear.objects.filter(country=country).values_list("year", flat=True))
    if not years:
        return default_days(), frozenset(DEFAULT_YEARS)
    rows = PublicHoliday.objects.filter(country=country).values_list("on", "kind")
    return {on: kind == DayKind.WORKING for on, kind in rows}, years


def missing_year(today: date) -> int | None:
    """The year a calendar that follows the public days will need within `LOOK_AHEAD` and does not know; else None."""
    needed = {today.year, (today + LOOK_AHEAD).year}
    if not BusinessCalendar.objects.filter(holidays=HolidaySource.CN).exists():
        return None
    known = set(PublicHolidayYear.objects.filter(country=HolidaySource.CN).values_list("year", flat=True))
    return min(needed - (known or set(DEFAULT_YEARS)), default=None)


def legal_schedule(country: str = HolidaySource.CN, timezone: str = "Asia/Shanghai") -> Schedule:
    """The clock of the law's working days: Monday to Friday with public holidays and make-up workdays."""
    public, years = public_days(country)
    return Schedule(timezone=timezone, weekly=WORKDAYS, public_days=public, maintained_years=years)


# Writing


@transaction.atomic
def save_calendar(
    *,
    actor: AbstractBaseUser | None,
    calendar: BusinessCalendar | None = None,
    hours: Sequence[HoursInput] | None = None,
    days: Sequence[DayInput] | None = None,
    **changes: Any,
) -> BusinessCalendar:
    """Make or change a calendar. A list that is given replaces the old one; `changes` are name, timezone, holidays.

    Refused: an unknown time zone, a name in use, windows that overlap, a week without an open hour.
    """
    created = calendar is None
    if calendar is None:
        calendar = BusinessCalendar()
    else:
        calendar = BusinessCalendar.objects.select_for_update().get(pk=calendar.pk)
    for name, value in changes.items():
        setattr(calendar, name, value)
    _check_row(calendar)
    if created or hours is not None:
        check_hours(hours or ())
    check_days(days or ())
    if not created:
        calendar.version += 1
    _save_row(calendar)
    _replace_lists(calendar, hours, days)
    record_event(
        kind="calendar.created" if created else "calendar.changed",
        subject_type="business_calendar",
        subject_id=calendar.pk,
        actor=actor,
        payload={"name": calendar.name, "version": calendar.version, "fields": _changed_names(changes, hours, days)},
    )
    return calendar


def _save_row(calendar: BusinessCalendar) -> None:
    try:
        with transaction.atomic():
            calendar.save()
    except IntegrityError as error:
        raise _name_taken(calendar) from error


def _name_taken(calendar: BusinessCalendar) -> InvalidInput:
    sentence = _("已有名为“%(name)s”的营业日历。") % {"name": calendar.name}
    return InvalidInput(sentence, code="name_taken", fields={"name": [sentence]})


def _changed_names(changes: Mapping[str, Any], hours: object, days: object) -> list[str]:
    lists = [name for name, given in (("hours", hours), ("days", days)) if given is not None]
    return sorted([*changes, *lists])


def _check_row(calendar: BusinessCalendar) -> None:
    check_timezone(calendar.timezone)
    if BusinessCalendar.objects.filter(name=calendar.name).exclude(pk=calendar.pk).exists():
        raise _name_taken(calendar)


def check_timezone(name: str) -> None:
    if name not in available_timezones():
        sentence = _("没有时区 %(name)s，请填写如 Asia/Shanghai 的名称。") % {"name": name}
        raise InvalidInput(sentence, code="unknown_timezone", fields={"timezone": [sentence]})


def check_hours(hours: Sequence[HoursInput]) -> None:
    if not hours:
        sentence = _("日历没有任何营业时间，请至少填写一个时段。")
        raise InvalidInput(sentence, code="no_open_hour", fields={"hours": [sentence]})
    for weekday in range(7):
        windows = tuple((item.opens_minute, item.closes_minute) for item in hours if item.weekday == weekday)
        _check_windows(windows, "hours")


def check_days(days: Sequence[DayInput]) -> None:
    if len({day.on for day in days}) != len(days):
        sentence = _("同一天出现了两次。")
        raise InvalidInput(sentence, code="day_twice", fields={"days": [sentence]})
    for day in days:
        if day.kind == DayKind.CLOSED and day.windows:
            sentence = _("%(on)s 是休息日，不能填写营业时间。") % {"on": day.on}
            raise InvalidInput(sentence, code="closed_with_hours", fields={"days": [sentence]})
        if day.windows is not None:
            _check_windows(day.windows, "days")


def _check_windows(windows: Windows, field: str) -> None:
    ordered = sorted(windows)
    for opens, closes in ordered:
        if not 0 <= opens < closes <= DAY_MINUTES:
            sentence = _("结束时间要晚于开始时间；跨过零点的时段请分成两段填写。")
            raise InvalidInput(sentence, code="window_order", fields={field: [sentence]})
    for (_opens, closes), (following, _closes) in itertools.pairwise(ordered):
        if following < closes:
            sentence = _("营业时段 %(at)s 前后重叠。") % {"at": minute_text(following)}
            raise InvalidInput(sentence, code="windows_overlap", fields={field: [sentence]})


def _replace_lists(
    calendar: BusinessCalendar, hours: Sequence[HoursInput] | None, days: Sequence[DayInput] | None
) -> None:
    if hours is not None:
        calendar.hours.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(
                calendar=calendar,
                weekday=item.weekday,
                opens_minute=item.opens_minute,
                closes_minute=item.closes_minute,
            )
            for item in hours
        )
    if days is not None:
        calendar.days.all().delete()
        CalendarDay.objects.bulk_create(
            CalendarDay(calendar=calendar, on=day.on, kind=day.kind, hours=windows_as_json(day.windows)) for day in days
        )


@transaction.atomic
def load_public_holidays(years: Iterable[int] = DEFAULT_YEARS, *, actor: AbstractBaseUser | None = None) -> list[int]:
    """Write the announced public days of these years. Refused when a year's arrangement is not announced."""
    loaded = []
    for year in years:
        try:
            days = published_days(year)
        except YearNotPublished as error:
            sentence = _("%(year)s 年的放假调休安排尚未公布，请从国务院通知录入。") % {"year": error.year}
            raise Conflict(sentence, code="year_not_published") from error
        _write_year(year, days, source=_("内置数据"))
        loaded.append(year)
    _public_days_changed(actor=actor, years=loaded)
    return loaded


@transaction.atomic
def enter_public_year(
    *, year: int, days: Sequence[PublicDay], actor: AbstractBaseUser | None, source: str = ""
) -> None:
    """Write one year's public days by hand, as the State Council announced them; they replace the old ones."""
    check_public_year(year, days)
    if not PublicHolidayYear.objects.exists():
        load_public_holidays(actor=actor)
    _write_year(year, days, source=source or _("手工录入"))
    _public_days_changed(actor=actor, years=[year])


def check_public_year(year: int, days: Sequence[PublicDay]) -> None:
    if not days or any(day.on.year != year for day in days):
        raise InvalidInput(_("请填写这一年的全部节假日与调休上班日。"), code="wrong_year")
    if len({day.on for day in days}) != len(days):
        raise InvalidInput(_("同一天出现了两次。"), code="day_twice")
    if not any(day.works for day in days):
        raise InvalidInput(_("缺少调休上班日：没有调休安排的年份不能启用。"), code="no_make_up_day")


def _write_year(year: int, days: Iterable[PublicDay], *, source: str) -> None:
    PublicHoliday.objects.filter(country=HolidaySource.CN, on__year=year).delete()
    PublicHoliday.objects.bulk_create(
        PublicHoliday(
            country=HolidaySource.CN,
            on=day.on,
            kind=DayKind.WORKING if day.works else DayKind.CLOSED,
            name=day.name,
        )
        for day in days
    )
    PublicHolidayYear.objects.update_or_create(country=HolidaySource.CN, year=year, defaults={"source": source})


def _public_days_changed(*, actor: AbstractBaseUser | None, years: list[int]) -> None:
    followers = BusinessCalendar.objects.filter(holidays=HolidaySource.CN)
    followers.update(version=F("version") + 1, updated_at=now())
    record_event(
        kind="public_holidays.loaded",
        subject_type="public_holiday_year",
        subject_id=max(years, default=0),
        actor=actor,
        payload={"country": HolidaySource.CN, "years": years},
    )
