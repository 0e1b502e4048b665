"""Working time as arithmetic, against the reference cases and against a literal reading of the clock."""

import os
import pickle
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.calendars.arithmetic import (
    CalendarDataMissing,
    EmptySchedule,
    Schedule,
    ScheduleTooFar,
    consumer_deadline,
    merge_spans,
    natural_add,
    natural_schedule,
    without,
)
from core.calendars.public_days import DEFAULT_YEARS, YearNotPublished, default_days, published_days

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NINE_TO_SIX = ((540, 1080),)
OFFICE_WEEK = (*((NINE_TO_SIX,) * 5), (), ())
EXAMPLES = int(os.environ.get("KEAN_LONG_EXAMPLES", "150"))

pytestmark = pytest.mark.capability("B07")

# The arrangement for 2026 as the State Council announced it: seven breaks, six make-up workdays.
BREAKS_2026 = [
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]
MAKE_UP_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def chinese_office(**kwargs: object) -> Schedule:
    arguments: dict = {
        "timezone": "Asia/Shanghai",
        "weekly": OFFICE_WEEK,
        "public_days": default_days(),
        "maintained_years": frozenset(DEFAULT_YEARS),
    }
    return Schedule(**{**arguments, **kwargs})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def official_break(on: date) -> bool:
    return any(date.fromisoformat(start) <= on <= date.fromisoformat(end) for start, end in BREAKS_2026)


def official_workday(on: date) -> bool:
    if on.isoformat() in MAKE_UP_2026:
        return True
    return on.weekday() < 5 and not official_break(on)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def test_every_day_of_2026_agrees_with_the_official_arrangement() -> None:
    schedule = chinese_office()
    wrong = [day for day in days_of(2026) if schedule.is_working_day(day) != official_workday(day)]
    assert len(days_of(2026)) == 365
    assert wrong == []


def test_a_shop_open_all_week_rests_on_exactly_the_announced_breaks() -> None:
    schedule = chinese_office(weekly=(NINE_TO_SIX,) * 7)
    wrong = [day for day in days_of(2026) if schedule.is_working_day(day) == official_break(day)]
    assert wrong == []


def test_2026_has_248_workdays() -> None:
    assert sum(chinese_office().is_working_day(day) for day in days_of(2026)) == 248


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2026-11-02", 7, "2026-11-11", id="plain"),
        pytest.param("2026-09-28", 7, "2026-10-13", id="national day with make-up saturday"),
        pytest.param("2026-02-13", 7, "2026-03-02", id="spring festival with two make-up saturdays"),
        pytest.param("2026-09-28", 10, "2026-10-16", id="ten days over national day"),
        pytest.param("2026-11-20", 10, "2026-12-04", id="ten days, odr"),
        pytest.param("2026-09-01", 45, "2026-11-09", id="45 days, old mediation rule"),
        pytest.param("2026-11-02", 0, "2026-11-02", id="none"),
    ],
)
def test_working_days(start: str, days: int, end: str) -> None:
    assert chinese_office().add_working_days(date.fromisoformat(start), days) == date.fromisoformat(end)


def test_working_days_into_a_year_without_data_are_an_error_and_never_a_guess() -> None:
    with pytest.raises(CalendarDataMissing, match="日历未维护，无法计算工作日") as caught:
        chinese_office().add_working_days(date(2026, 12, 28), 7)
    assert caught.value.year == 2027


def test_working_time_into_a_year_without_data_is_an_error() -> None:
    schedule = chinese_office()
    assert schedule.add(at("2026-12-31T17:00"), 3600) == at("2026-12-31T18:00")
    with pytest.raises(CalendarDataMissing):
        schedule.add(at("2026-12-31T17:00"), 3601)


def test_an_own_day_needs_no_public_data() -> None:
    schedule = chinese_office(own_days={date(2027, 1, 4): NINE_TO_SIX, date(2027, 1, 1): ()})
    assert schedule.is_open(at("2027-01-04T10:00"))
    assert not schedule.is_open(at("2027-01-01T10:00"))


def test_a_calendar_without_public_holidays_has_no_limit_of_years() -> None:
    schedule = Schedule(timezone="Asia/Shanghai", weekly=(NINE_TO_SIX,) * 7)
    assert schedule.add(at("2031-10-01T10:00"), 3600) == at("2031-10-01T11:00")


def test_years_without_an_announced_arrangement_are_refused() -> None:
    with pytest.raises(YearNotPublished):
        published_days(2027)
    assert {len({day.on.year for day in published_days(year)}) for year in DEFAULT_YEARS} == {1}


@pytest.mark.parametrize(
    ("start", "days", "deadline"),
    [
        pytest.param("2026-11-09", 7, "2026-11-17T00:00", id="seven-day return"),
        pytest.param("2026-09-26", 7, "2026-10-09T00:00", id="last day in the holiday"),
        pytest.param("2026-11-07", 7, "2026-11-17T00:00", id="last day on saturday"),
        pytest.param("2026-02-07", 7, "2026-02-15T00:00", id="last day on a make-up saturday stays"),
    ],
)
def test_consumer_periods_end_at_midnight_and_skip_holidays(start: str, days: int, deadline: str) -> None:
    assert consumer_deadline(date.fromisoformat(start), days, chinese_office()) == at(deadline)


def test_sixty_natural_days_from_2_november_end_on_new_year() -> None:
    assert natural_add(date(2026, 11, 2), 60) == date(2027, 1, 1)
    with pytest.raises(CalendarDataMissing):  # the consumer's extension needs the next year's holidays
        consumer_deadline(date(2026, 11, 2), 60, chinese_office())


def test_a_make_up_workday_has_mondays_hours_else_those_of_the_first_open_weekday() -> None:
    early_monday = chinese_office(weekly=(((480, 720),), *((NINE_TO_SIX,) * 4), ((600, 660),), ()))
    assert early_monday.windows(date(2026, 10, 10)) == ((480, 720),)
    closed_monday = chinese_office(weekly=((), ((600, 900),), *((NINE_TO_SIX,) * 3), (), ()))
    assert closed_monday.windows(date(2026, 10, 10)) == ((600, 900),)


def test_a_week_without_an_open_hour_is_refused() -> None:
    with pytest.raises(EmptySchedule):
        Schedule(timezone="Asia/Shanghai", weekly=((),) * 7)


def test_closing_is_no_longer_open_and_ends_a_promise() -> None:
    schedule = chinese_office()
    assert schedule.is_open(at("2026-11-02T17:59:59"))
    assert not schedule.is_open(at("2026-11-02T18:00"))
    assert schedule.is_open(at("2026-11-02T09:00"))
    assert not schedule.is_open(at("2026-11-02T08:59:59"))


def test_one_second_before_closing() -> None:
    schedule = chinese_office()
    assert schedule.add(at("2026-11-06T17:59:59"), 1) == at("2026-11-06T18:00")
    assert schedule.add(at("2026-11-06T17:59:59"), 2) == at("2026-11-09T09:00:01")
    assert schedule.between(at("2026-11-06T17:59:59"), at("2026-11-09T09:00:01")) == 2


def test_next_open() -> None:
    schedule = chinese_office()
    assert schedule.next_open(at("2026-09-30T18:00")) == at("2026-10-08T09:00")
    assert schedule.next_open(at("2026-11-02T10:00")) == at("2026-11-02T10:00")


def test_lunch_and_windows_to_midnight() -> None:
    schedule = Schedule(timezone="Asia/Shanghai", weekly=(((0, 120), (540, 720), (780, 1440)),) * 7)
    assert schedule.add(at("2026-11-02T11:30"), 3600) == at("2026-11-02T13:30")
    assert schedule.add(at("2026-11-02T23:00"), 3 * 3600) == at("2026-11-03T02:00")
    assert schedule.add(at("2026-11-02T23:00"), 3 * 3600 + 1) == at("2026-11-03T09:00:01")


def test_fractions_of_a_second_are_kept() -> None:
    start = at("2026-11-02T10:00:00.250000")
    assert chinese_office().add(start, 60) == start + timedelta(seconds=60)


def test_no_working_time_moves_nothing() -> None:
    start = at("2026-11-07T03:00")
    assert chinese_office().add(start, 0) == start
    assert chinese_office().between(start, start) == 0
    assert chinese_office().between(start, start - timedelta(days=1)) == 0


@pytest.mark.parametrize("seconds", [-1, -86400])
def test_negative_spans_are_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        chinese_office().add(at("2026-11-02T10:00"), seconds)


def test_moments_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        chinese_office().add(datetime(2026, 11, 2), 1)


def test_absurd_spans_end_with_an_error() -> None:
    schedule = natural_schedule()
    with pytest.raises(ScheduleTooFar):
        schedule.add(at("2026-11-02T10:00"), 10**12)
    with pytest.raises(ScheduleTooFar):
        schedule.add(datetime(9999, 12, 30, tzinfo=UTC), 10**7)
    with pytest.raises(ScheduleTooFar):
        schedule.add_working_days(date(2026, 1, 1), 10**9)


def test_a_schedule_survives_pickling() -> None:
    schedule = chinese_office()
    schedule.add(at("2026-09-30T16:00"), 8 * 3600)
    copy = pickle.loads(pickle.dumps(schedule))  # noqa: S301
    assert copy == schedule
    assert copy.add(at("2026-09-30T16:00"), 8 * 3600) == at("2026-10-08T15:00")


def test_a_year_of_working_time_is_quick() -> None:
    schedule = chinese_office()
    year = sum(schedule.is_working_day(day) for day in days_of(2025)) * 9 * 3600
    schedule.add(at("2025-01-01T00:00"), year)
    rounds = []
    for _ in range(20):
        started = time.perf_counter()
        schedule.add(at("2025-01-01T00:00"), year)
        rounds.append(time.perf_counter() - started)
    assert min(rounds) < 0.001


# Summer time


def night_shift(zone: str) -> Schedule:
    return Schedule(timezone=zone, weekly=(((60, 180),),) * 7)


def test_the_hour_that_summer_time_skips_is_no_working_time() -> None:
    # 2026-03-08 in New York: 02:00 does not exist; the window 01:00–03:00 is one hour long.
    schedule = night_shift("America/New_York")
    assert schedule.between(at("2026-03-08T00:00", NEW_YORK), at("2026-03-08T12:00", NEW_YORK)) == 3600
    assert schedule.add(at("2026-03-08T00:00", NEW_YORK), 3600) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_the_hour_that_comes_twice_counts_twice() -> None:
    # 2026-11-01 in New York: 01:00–02:00 comes twice; the window 01:00–03:00 is three hours long.
    schedule = night_shift("America/New_York")
    assert schedule.between(at("2026-11-01T00:00", NEW_YORK), at("2026-11-01T12:00", NEW_YORK)) == 3 * 3600


def test_summer_time_that_begins_at_midnight() -> None:
    # Beirut skips 00:00–01:00 on 2026-03-29.
    beirut = ZoneInfo("Asia/Beirut")
    schedule = Schedule(timezone="Asia/Beirut", weekly=(((0, 120), (1380, 1440)),) * 7)
    assert schedule.between(at("2026-03-28T22:00", beirut), at("2026-03-29T12:00", beirut)) == 2 * 3600


# Properties

windows_strategy = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda w: w[0] < w[1]), max_size=3
).map(lambda windows: tuple(merge_spans(windows)))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    weekly = tuple(draw(windows_strategy) for _ in range(7))
    assume(any(weekly))
    zone = draw(st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]))
    days = draw(st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 3, 20)), windows_strategy, max_size=3))
    return Schedule(timezone=zone, weekly=weekly, own_days=days)


moments = st.datetimes(datetime(2026, 2, 27), datetime(2026, 3, 12), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
pause_lists = st.lists(st.tuples(moments, st.integers(0, 3000)), max_size=3).map(
    lambda pairs: [(start, start + timedelta(minutes=length)) for start, length in pairs]
)


def minute_is_open(schedule: Schedule, minute: datetime, pauses: list[tuple[datetime, datetime]]) -> bool:
    """The oracle: look at the wall clock of one minute."""
    local = minute.astimezone(schedule.zone)
    of_day = local.hour * 60 + local.minute
    windows = schedule.own_days.get(local.date(), schedule.weekly[local.weekday()])
    return any(opens <= of_day < closes for opens, closes in windows) and not any(
        start <= minute < end for start, end in pauses
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules(), moments, st.integers(0, 4 * 24 * 60), pause_lists)
def test_between_agrees_with_counting_minutes(
    schedule: Schedule, start: datetime, minutes: int, pauses: list[tuple[datetime, datetime]]
) -> None:
    end = start + timedelta(minutes=minutes)
    counted = sum(minute_is_open(schedule, start + timedelta(minutes=n), pauses) for n in range(minutes))
    assert schedule.between(start, end, pauses) == counted * 60


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules(), moments, st.integers(1, 600), pause_lists)
def test_add_agrees_with_walking_minute_by_minute(
    schedule: Schedule, start: datetime, minutes: int, pauses: list[tuple[datetime, datetime]]
) -> None:
    minute, left = start, minutes
    for _ in range(40 * 24 * 60):
        left -= minute_is_open(schedule, minute, pauses)
        minute += timedelta(minutes=1)
        if left == 0:
            break
    assume(left == 0)
    assert schedule.add(start, minutes * 60, pauses) == minute


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules(), moments, st.integers(0, 10**6), pause_lists)
def test_add_and_between_undo_each_other(
    schedule: Schedule, start: datetime, seconds: int, pauses: list[tuple[datetime, datetime]]
) -> None:
    due = schedule.add(start, seconds, pauses)
    assert due >= start
    assert schedule.between(start, due, pauses) == seconds
    if seconds:
        assert schedule.between(start, due - timedelta(seconds=1), pauses) == seconds - 1


def test_parts_outside_pauses() -> None:
    assert list(without((0, 100), [(10, 20), (30, 40)])) == [(0, 10), (20, 30), (40, 100)]
    assert list(without((15, 35), [(10, 20), (30, 40)])) == [(20, 30)]
    assert list(without((12, 18), [(10, 20)])) == []
