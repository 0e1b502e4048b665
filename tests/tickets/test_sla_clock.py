"""The arithmetic of promises: reference cases, pauses, warnings, changes of target and calendar."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.calendars.arithmetic import Schedule, natural_schedule
from core.calendars.public_days import DEFAULT_YEARS, default_days
from tickets.sla_clock import Pause, due_at, read_clock, warning_seconds, warnings

pytestmark = pytest.mark.capability("B07")

SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE_TO_SIX = ((540, 1080),)
HOUR = 3600
EXAMPLES = int(os.environ.get("KEAN_LONG_EXAMPLES", "300"))

NATURAL = natural_schedule()
PLATFORM = Schedule(timezone="Asia/Shanghai", weekly=(NINE_TO_SIX,) * 7)
OFFICE = Schedule(
    timezone="Asia/Shanghai",
    weekly=(*((NINE_TO_SIX,) * 5), (), ()),
    public_days=default_days(),
    maintained_years=frozenset(DEFAULT_YEARS),
)


def at(text: str) -> datetime:
    """A Shanghai moment; a bare time of day is on Monday 2026-11-02."""
    text = text if "T" in text else f"2026-11-02T{text}"
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param("10:00", "14:00", id="inside"),
        pytest.param("14:00", "18:00", id="ends at closing"),
        pytest.param("14:01", "2026-11-03T09:01", id="one minute over"),
        pytest.param("17:59", "2026-11-03T12:59", id="just before closing"),
        pytest.param("18:00", "2026-11-03T13:00", id="at closing"),
        pytest.param("22:30", "2026-11-03T13:00", id="at night"),
        pytest.param("08:15", "13:00", id="before opening"),
    ],
)
def test_platform_evidence_of_four_hours_from_nine_to_six(start: str, due: str) -> None:
    assert due_at(PLATFORM, started_at=at(start), target_seconds=4 * HOUR) == at(due)


def test_eight_business_hours_over_national_day() -> None:
    due = due_at(OFFICE, started_at=at("2026-09-30T16:00"), target_seconds=8 * HOUR)
    assert due == at("2026-10-08T15:00")


def test_four_natural_hours_with_a_pause() -> None:
    pauses = [Pause(at("11:00"), at("15:30"))]
    assert due_at(NATURAL, started_at=at("10:00"), target_seconds=4 * HOUR, pauses=pauses) == at("18:30")


def test_a_pause_over_the_weekend_costs_no_working_time_but_its_own() -> None:
    pauses = [Pause(at("2026-11-06T17:00"), at("2026-11-09T10:00"))]
    due = due_at(OFFICE, started_at=at("2026-11-06T16:00"), target_seconds=4 * HOUR, pauses=pauses)
    # One hour on Friday, then Monday from 10:00: the pause took two working hours, not two days.
    assert due == at("2026-11-09T13:00")


def test_overlapping_pauses_count_once() -> None:
    pauses = [Pause(at("11:00"), at("12:00")), Pause(at("11:30"), at("12:30"))]
    assert due_at(NATURAL, started_at=at("10:00"), target_seconds=2 * HOUR, pauses=pauses) == at("13:30")


def test_a_pause_before_the_start_changes_nothing() -> None:
    pauses = [Pause(at("08:00"), at("09:30"))]
    assert due_at(NATURAL, started_at=at("10:00"), target_seconds=HOUR, pauses=pauses) == at("11:00")


def test_warnings_come_at_half_and_four_fifths_of_the_working_time() -> None:
    moments = warnings(OFFICE, started_at=at("2026-11-06T17:00"), target_seconds=2 * HOUR)
    assert [(moment.share, moment.at) for moment in moments] == [
        (0.5, at("2026-11-06T18:00")),
        (0.8, at("2026-11-09T09:36")),
    ]


@pytest.mark.parametrize(("target", "share", "seconds"), [(7200, 0.8, 5760), (100, 0.55, 55), (3, 0.5, 2), (1, 0.8, 1)])
def test_warning_seconds_round_up(target: int, share: float, seconds: int) -> None:
    assert warning_seconds(target, share) == seconds


@pytest.mark.parametrize("share", [0, 1, 1.2, -0.5])
def test_a_warning_at_the_start_or_after_the_end_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="A warning comes after"):
        warning_seconds(3600, share)


def read(now: str, *, pauses: list[Pause] | None = None, met: str | None = None, target: int = 4 * HOUR) -> object:
    return read_clock(
        PLATFORM,
        started_at=at("10:00"),
        target_seconds=target,
        now=at(now),
        pauses=pauses or [],
        met_at=at(met) if met else None,
    )


def test_a_running_clock() -> None:
    reading = read("12:30")
    assert reading.state == "running"
    assert (reading.consumed, reading.remaining) == (int(2.5 * HOUR), int(1.5 * HOUR))
    assert reading.due_at == at("14:00")
    assert reading.breached_at is None


@pytest.mark.parametrize(
    ("now", "state"), [("13:59:59", "running"), ("14:00", "running"), ("14:00:01", "breached")], ids=str
)
def test_the_due_moment_itself_still_keeps_the_promise(now: str, state: str) -> None:
    assert read(now).state == state


def test_an_overdue_clock_counts_working_time_over() -> None:
    reading = read("2026-11-03T09:30")
    assert reading.state == "breached"
    assert reading.remaining == -int(4.5 * HOUR)
    assert reading.breached_at == at("14:00")


def test_done_in_time_and_done_late() -> None:
    assert read("2026-11-05T12:00", met="14:00").state == "met"
    late = read("2026-11-05T12:00", met="14:00:01")
    assert (late.state, late.breached_at) == ("breached", at("14:00"))


def test_a_lasting_pause_hides_the_due_moment_and_keeps_from_being_overdue() -> None:
    reading = read("2026-11-05T12:00", pauses=[Pause(at("13:00"))])
    assert reading.state == "paused"
    assert reading.due_at is None
    assert [(moment.share, moment.at) for moment in reading.warnings] == [(0.5, at("12:00")), (0.8, None)]
    assert reading.remaining == HOUR


def test_what_was_overdue_before_the_pause_stays_overdue() -> None:
    reading = read("2026-11-05T12:00", pauses=[Pause(at("15:00"))])
    assert (reading.state, reading.breached_at) == ("breached", at("14:00"))


def test_a_change_of_priority_keeps_what_was_consumed_and_paused() -> None:
    pauses = [Pause(at("11:00"), at("12:00"))]
    before, after = read("13:00", pauses=pauses), read("13:00", pauses=pauses, target=3 * HOUR)
    assert before.consumed == after.consumed == 2 * HOUR
    assert (before.due_at, after.due_at) == (at("15:00"), at("14:00"))


def test_a_change_of_calendar_measures_start_and_pauses_anew() -> None:
    pauses = [Pause(at("17:00"), at("2026-11-03T10:00"))]
    arguments = {"started_at": at("16:00"), "target_seconds": 4 * HOUR, "pauses": pauses}
    assert due_at(PLATFORM, **arguments) == at("2026-11-03T13:00")
    assert due_at(NATURAL, **arguments) == at("2026-11-03T13:00")
    evening = Schedule(timezone="Asia/Shanghai", weekly=(((540, 1260),),) * 7)
    assert due_at(evening, **{**arguments, "pauses": [Pause(at("17:00"), at("19:00"))]}) == at("2026-11-03T10:00")


def test_twenty_four_hours_over_the_end_of_summer_time() -> None:
    new_york = ZoneInfo("America/New_York")
    start = datetime(2026, 10, 31, 12, tzinfo=new_york)
    due = due_at(natural_schedule("America/New_York"), started_at=start, target_seconds=24 * HOUR)
    assert due == datetime(2026, 11, 1, 11, tzinfo=new_york)


# The oracle: count minutes one by one.

moments = st.integers(0, 6 * 24 * 60).map(lambda n: datetime(2026, 9, 29, tzinfo=UTC) + timedelta(minutes=n))
pause_lists = st.lists(st.tuples(moments, st.none() | st.integers(1, 2000)), max_size=3).map(
    lambda pairs: [
        Pause(start, None if length is None else start + timedelta(minutes=length)) for start, length in pairs
    ]
)


def working(minute: datetime, pauses: list[Pause]) -> bool:
    local = minute.astimezone(SHANGHAI)
    resting = local.weekday() >= 5 or ((local.year, local.month) == (2026, 10) and local.day <= 7)
    if (local.month, local.day) == (10, 10):
        resting = False
    paused = any(p.started_at <= minute and (p.ended_at is None or minute < p.ended_at) for p in pauses)
    return not resting and 9 <= local.hour < 18 and not paused


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(moments, st.integers(1, 1500), pause_lists, st.integers(0, 18 * 24 * 60))
def test_readings_agree_with_counting_minutes(start: datetime, target: int, pauses: list[Pause], later: int) -> None:
    now = start + timedelta(minutes=later)
    reading = read_clock(OFFICE, started_at=start, target_seconds=target * 60, now=now, pauses=pauses)
    consumed = sum(working(start + timedelta(minutes=n), pauses) for n in range(later))
    assert reading.consumed == consumed * 60
    assert reading.remaining == (target - consumed) * 60
    assert (reading.state == "breached") == (consumed > target or (consumed == target and _overdue(reading, now)))
    if reading.state == "paused":
        assert not working(now, pauses)


def _overdue(reading: object, now: datetime) -> bool:
    return reading.due_at is not None and now > reading.due_at


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(moments, st.integers(1, 900), pause_lists)
def test_due_moments_agree_with_walking_minute_by_minute(start: datetime, target: int, pauses: list[Pause]) -> None:
    minute, left = start, target
    stopped = min((pause.started_at for pause in pauses if pause.ended_at is None), default=None)
    while left and (stopped is None or minute < stopped):
        left -= working(minute, pauses)
        minute += timedelta(minutes=1)
    due = due_at(OFFICE, started_at=start, target_seconds=target * 60, pauses=pauses)
    assert due == (minute if left == 0 else None)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(moments, st.integers(1, 500_000), pause_lists, st.lists(st.floats(0.01, 0.99), max_size=4))
def test_warnings_come_in_order_and_before_the_due_moment(
    start: datetime, target: int, pauses: list[Pause], shares: list[float]
) -> None:
    ended = [pause for pause in pauses if pause.ended_at is not None]
    assume(target < 400_000)
    found = [
        moment.at for moment in warnings(OFFICE, started_at=start, target_seconds=target, pauses=ended, warn_at=shares)
    ]
    due = due_at(OFFICE, started_at=start, target_seconds=target, pauses=ended)
    assert found == sorted(found)
    assert all(start <= moment <= due for moment in found)
