"""Statutory periods at their boundary: every clock row of the rules and of the worked examples, by name."""

from datetime import UTC, datetime, timedelta

import pytest

from core.calendars.arithmetic import CalendarDataMissing, EmptySchedule, Schedule
from core.calendars.public_days import DEFAULT_YEARS, default_days
from tickets.legal import PRESETS, Period, due_at, in_time, moment_after
from tickets.legal.periods import BUSINESS, HOURS, MONTHS, WINDOW, WORKING, ZONE
from tickets.legal.presets import BY_CODE, EVENTS, RulePreset

pytestmark = pytest.mark.capability("C33")

_ALL_DAY = ((0, 1440),)
WORKDAYS = Schedule(
    timezone=ZONE,
    weekly=(_ALL_DAY,) * 5 + ((), ()),
    public_days=default_days(),
    maintained_years=frozenset(DEFAULT_YEARS),
)
OFFICE = Schedule(
    timezone=ZONE,
    weekly=(((540, 1080),),) * 5 + ((), ()),
    public_days=default_days(),
    maintained_years=frozenset(DEFAULT_YEARS),
)
SECOND = timedelta(seconds=1)


def moment(text: str) -> datetime:
    """`2026-11-02 10:00` in Shanghai; 24:00 is midnight of the next day."""
    day, _space, clock = text.partition(" ")
    if clock == "24:00":
        return moment(f"{day} 00:00") + timedelta(days=1)
    return datetime.fromisoformat(f"{day}T{clock or '10:00'}:00+08:00").astimezone(UTC)


def due(period: Period, start: str, **given: object) -> datetime:
    return due_at(period, moment(start), workdays=WORKDAYS, business=OFFICE, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("2026-11-20 10:00", "2026-11-20 14:00"),
        ("2026-11-20 14:00", "2026-11-20 18:00"),
        ("2026-11-20 14:01", "2026-11-21 09:01"),
        ("2026-11-20 17:59", "2026-11-21 12:59"),
        ("2026-11-20 18:00", "2026-11-21 13:00"),
        ("2026-11-20 22:30", "2026-11-21 13:00"),
        ("2026-11-20 08:15", "2026-11-20 13:00"),
        ("2026-10-01 10:00", "2026-10-01 14:00"),
    ],
)
def test_jd_evidence_counts_from_nine_to_six_every_day(start: str, wanted: str) -> None:
    assert due(BY_CODE["dispute.jd.evidence"].period, start) == moment(wanted)


def test_business_hours_pass_over_national_day() -> None:
    assert due(Period(8, HOURS, BUSINESS), "2026-09-30 16:00") == moment("2026-10-08 15:00")


def test_natural_hours_stand_still_while_paused() -> None:
    pauses = [(moment("2026-11-02 11:00"), moment("2026-11-02 15:30"))]
    assert due(Period(4, HOURS), "2026-11-02 10:00", pauses=pauses) == moment("2026-11-02 18:30")


@pytest.mark.parametrize(
    ("start", "days", "wanted"),
    [
        ("2026-11-02", 7, "2026-11-11 24:00"),
        ("2026-09-28", 7, "2026-10-13 24:00"),
        ("2026-02-13", 7, "2026-03-02 24:00"),
        ("2026-09-28", 10, "2026-10-16 24:00"),
        ("2026-11-20", 10, "2026-12-04 24:00"),
        ("2026-09-01", 45, "2026-11-09 24:00"),
    ],
)
def test_working_days_know_holidays_and_make_up_workdays(start: str, days: int, wanted: str) -> None:
    assert due(Period(days, clock=WORKING), start) == moment(wanted)


def test_sixty_natural_days_of_mediation() -> None:
    assert due(BY_CODE["authority.mediation"].period, "2026-11-02") == moment("2027-01-01 24:00")


def test_appraisal_does_not_count_in_the_mediation() -> None:
    pauses = [(moment("2026-11-10"), moment("2026-11-20 09:00"))]
    assert due(Period(60), "2026-11-02", pauses=pauses) == moment("2027-01-11 24:00")


def test_a_year_without_calendar_is_an_error_and_no_guess() -> None:
    with pytest.raises(CalendarDataMissing, match="日历未维护"):
        due(Period(7, clock=WORKING), "2026-12-28")


@pytest.mark.parametrize(
    ("signed", "wanted"),
    [
        ("2026-11-09", "2026-11-16 24:00"),
        ("2026-09-26", "2026-10-08 24:00"),
        ("2026-11-07", "2026-11-16 24:00"),
    ],
)
def test_the_consumers_seven_days_move_past_holidays_and_weekends(signed: str, wanted: str) -> None:
    assert due(Period(7, is_extended=True), signed) == moment(wanted)


def test_the_sellers_duty_keeps_the_earlier_date() -> None:
    assert due(BY_CODE["refund.after_receipt"].period, "2026-09-26") == moment("2026-10-03 24:00")


def test_months_end_on_the_same_day_or_the_months_last() -> None:
    assert due(Period(6, MONTHS), "2026-03-31") == moment("2026-09-30 24:00")


def test_a_period_in_days_is_over_at_midnight_and_one_in_hours_after_its_last_second() -> None:
    days, hours = Period(7), Period(24, HOURS)
    midnight = due(days, "2026-11-02")
    assert in_time(days, midnight, midnight - SECOND)
    assert not in_time(days, midnight, midnight)
    end = due(hours, "2026-11-02 10:00")
    assert in_time(hours, end, end)
    assert not in_time(hours, end, end + SECOND)


#: rule, start, end: the master list of timers, as far as it is law or a platform's.
MASTER = [
    ("authority.reply", "2026-11-20 16:00", "2026-11-24 24:00"),
    ("authority.accept", "2026-11-02 10:00", "2026-11-11 24:00"),
    ("authority.mediation", "2026-11-02 10:00", "2027-01-01 24:00"),
    ("odr.settle", "2026-11-20 10:00", "2026-12-04 24:00"),
    ("dispute.jd.reply", "2026-11-21 10:00", "2026-11-22 10:00"),
    ("dispute.jd.evidence", "2026-11-21 14:01", "2026-11-22 09:01"),
    ("dispute.jd.execute", "2026-11-21 10:00", "2026-11-22 10:00"),
    ("dispute.jd.appeal", "2026-11-02 10:00", "2026-11-09 24:00"),
    ("opinion.jd.first", "2026-11-21 23:00", "2026-11-22 01:00"),
    ("opinion.jd.facts", "2026-11-21 23:00", "2026-11-22 11:00"),
    ("opinion.jd.solution", "2026-11-21 23:00", "2026-11-22 23:00"),
    ("opinion.jd.documents", "2026-11-21 23:00", "2026-11-24 24:00"),
    ("dispute.taobao.talks", "2026-11-02 10:00", "2026-12-02 24:00"),
    ("dispute.taobao.court", "2026-11-02 10:00", "2026-11-11 24:00"),
    ("dispute.taobao.police", "2026-11-02 10:00", "2026-11-11 24:00"),
    ("dispute.taobao.police_result", "2026-11-02 10:00", "2027-05-02 24:00"),
    ("refund.unreceived", "2026-11-20 10:00", "2026-11-22 10:00"),
    ("return.address", "2026-11-20 10:00", "2026-11-21 10:00"),
    ("refund.after_receipt", "2026-11-02 10:00", "2026-11-09 24:00"),
    ("refund.redline", "2026-11-02 10:00", "2026-11-17 24:00"),
    ("quality.review.jd", "2026-11-20 10:00", "2026-11-22 10:00"),
    ("repair.max", "2026-11-02 10:00", "2026-12-02 24:00"),
    ("exchange.reship", "2026-11-20 10:00", "2026-11-23 10:00"),
    ("express.claim", "2026-11-02 10:00", "2026-11-09 24:00"),
    ("ship.promise", "2026-11-20 10:00", "2026-11-22 10:00"),
    ("recall.serious", "2026-09-30 10:00", "2026-10-09 24:00"),
    ("safety.report", "2026-11-20 22:00", "2026-11-21 22:00"),
    ("breach.cac", "2026-11-20 22:00", "2026-11-21 02:00"),
    ("breach.persons", "2026-11-20 22:00", "2026-11-21 22:00"),
    ("flaw.report", "2026-11-20 22:00", "2026-11-21 22:00"),
    ("rights.request", "2026-11-02 10:00", "2026-11-23 24:00"),
]


@pytest.mark.parametrize(("code", "start", "wanted"), MASTER, ids=[row[0] for row in MASTER])
def test_every_rule_ends_when_the_list_says(code: str, start: str, wanted: str) -> None:
    assert due(BY_CODE[code].period, start) == moment(wanted)


def test_every_rule_has_its_line_in_that_list() -> None:
    assert {row[0] for row in MASTER} == set(BY_CODE)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.code)
def test_rules_warn_on_the_way_and_name_their_source(preset: RulePreset) -> None:
    start = moment("2026-11-02 10:00")
    end = due_at(preset.period, start, workdays=WORKDAYS)
    warnings = [moment_after(preset.period, amount, start, workdays=WORKDAYS) for amount in preset.warns]
    assert all(start < at < end for at in warnings)
    assert preset.source
    assert preset.confidence != "unconfirmed" or not preset.is_active
    assert all(preset.starts in {"received", *EVENTS[authority]} for authority in preset.authorities)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"amount": 0}, ValueError),
        ({"amount": 7, "unit": HOURS, "clock": WORKING}, ValueError),
        ({"amount": 7, "clock": WINDOW}, ValueError),
        ({"amount": 4, "unit": HOURS, "clock": WINDOW, "opens": 600, "closes": 600}, EmptySchedule),
    ],
)
def test_a_period_that_cannot_be_is_refused(values: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        Period(**values)  # type: ignore[arg-type]
