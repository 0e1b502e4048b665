"""Calendars as rows: saving, reading them as schedules, public holidays, the API."""

from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from core.calendars import CalendarDataMissing, legal_schedule, load_schedule
from core.calendars.models import BusinessCalendar, PublicHoliday, PublicHolidayYear
from core.calendars.public_days import DEFAULT_YEARS, PublicDay, published_days
from core.calendars.services import (
    DayInput,
    HoursInput,
    enter_public_year,
    load_public_holidays,
    parse_minute,
    save_calendar,
)
from core.errors import Conflict, InvalidInput
from core.events import Event
from crm.staff.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]

SHANGHAI = ZoneInfo("Asia/Shanghai")
URL = "/api/v1/business-calendars/"
OFFICE_HOURS = [HoursInput(weekday, 540, 1080) for weekday in range(5)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def make_calendar(**kwargs: Any) -> BusinessCalendar:
    return save_calendar(**{"actor": None, "name": "办公", "hours": OFFICE_HOURS, **kwargs})


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_a_saved_calendar_reads_as_a_schedule() -> None:
    schedule = load_schedule(make_calendar().pk)
    assert schedule.add(at("2026-09-30T16:00"), 8 * 3600) == at("2026-10-08T15:00")
    with pytest.raises(CalendarDataMissing):
        schedule.add(at("2026-12-31T17:30"), 3600)


def test_reading_a_known_version_costs_one_query(django_assert_num_queries: Any) -> None:
    calendar = make_calendar()
    load_schedule(calendar.pk)
    with django_assert_num_queries(1):
        load_schedule(calendar.pk)


def test_a_change_counts_the_version_up_and_is_read_at_once() -> None:
    calendar = make_calendar()
    assert load_schedule(calendar.pk).is_open(at("2026-11-03T10:00"))
    changed = save_calendar(
        actor=None,
        calendar=calendar,
        days=[DayInput(date(2026, 11, 3), "closed"), DayInput(date(2026, 11, 7), "working")],
    )
    assert changed.version == 2
    schedule = load_schedule(calendar.pk)
    assert not schedule.is_open(at("2026-11-03T10:00"))
    assert schedule.is_open(at("2026-11-07T17:59"))
    assert changed.hours.count() == 5
    assert list(Event.objects.about("business_calendar", calendar.pk).values_list("kind", flat=True)) == [
        "calendar.created",
        "calendar.changed",
    ]


def test_own_hours_of_a_day_win_over_the_holiday() -> None:
    day = DayInput(date(2026, 10, 2), "working", ((600, 720), (780, 900)))
    schedule = load_schedule(make_calendar(days=[day]).pk)
    assert schedule.is_open(at("2026-10-02T10:00"))
    assert not schedule.is_open(at("2026-10-02T12:30"))


def test_a_calendar_without_holidays_works_on_national_day() -> None:
    hours = [HoursInput(weekday, 540, 1080) for weekday in range(7)]
    schedule = load_schedule(make_calendar(holidays=None, hours=hours).pk)
    assert schedule.is_open(at("2026-10-01T09:00"))
    assert schedule.is_open(at("2030-10-01T09:00"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"hours": []}, "no_open_hour"),
        ({"hours": [HoursInput(0, 540, 720), HoursInput(0, 700, 800)]}, "windows_overlap"),
        ({"hours": [HoursInput(0, 720, 540)]}, "window_order"),
        ({"hours": [HoursInput(0, 540, 1441)]}, "window_order"),
        ({"timezone": "Asia/Peking"}, "unknown_timezone"),
        ({"days": [DayInput(date(2026, 1, 1), "closed")] * 2}, "day_twice"),
        ({"days": [DayInput(date(2026, 1, 1), "closed", ((1, 2),))]}, "closed_with_hours"),
        ({"days": [DayInput(date(2026, 1, 1), "working", ((1, 5), (4, 9)))]}, "windows_overlap"),
    ],
)
def test_impossible_calendars_are_refused(arguments: dict, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_calendar(**arguments)
    assert caught.value.code == code
    assert not BusinessCalendar.objects.exists()


def test_windows_may_touch_and_end_at_midnight() -> None:
    hours = [HoursInput(0, 540, 720), HoursInput(0, 720, 1440), HoursInput(1, 0, 120)]
    assert load_schedule(make_calendar(hours=hours).pk).add(at("2026-11-02T11:00"), 14 * 3600) == at("2026-11-03T01:00")


def test_a_name_is_used_once() -> None:
    make_calendar()
    with pytest.raises(InvalidInput, match="已有名为"):
        make_calendar()


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:30", 570), ("23:59", 1439), ("24:00", 1440)])
def test_clock_readings(text: str, minute: int) -> None:
    assert parse_minute(text) == minute


@pytest.mark.parametrize("text", ["24:01", "9:00", "25:00", "09:60", "", "09:00:00", "０９:00"])
def test_what_is_no_clock_reading(text: str) -> None:
    with pytest.raises(ValueError):
        parse_minute(text)


# Public holidays


def test_loading_writes_days_and_years_and_wakes_the_calendars() -> None:
    calendar = make_calendar()
    load_schedule(calendar.pk)
    assert load_public_holidays([2025, 2026]) == [2025, 2026]
    calendar.refresh_from_db()
    assert calendar.version == 2
    assert PublicHoliday.objects.filter(on__year=2026, kind="working").count() == 6
    # From now on only the loaded years count as known.
    with pytest.raises(CalendarDataMissing):
        load_schedule(calendar.pk).is_open(at("2024-05-06T10:00"))


def test_a_year_that_is_not_announced_is_refused() -> None:
    with pytest.raises(Conflict, match="2027 年的放假调休安排尚未公布"):
        load_public_holidays([2026, 2027])
    assert not PublicHolidayYear.objects.exists()


def test_the_next_year_is_entered_by_hand() -> None:
    calendar = make_calendar()
    days = [PublicDay(date(2027, 1, 1), False, "元旦"), PublicDay(date(2027, 1, 3), True, "调休")]
    enter_public_year(year=2027, days=days, actor=None)
    schedule = load_schedule(calendar.pk)
    assert schedule.add_working_days(date(2026, 12, 28), 7) == date(2027, 1, 6)
    assert schedule.is_working_day(date(2026, 10, 10))


def test_a_year_without_make_up_workdays_is_refused() -> None:
    with pytest.raises(InvalidInput, match="缺少调休上班日"):
        enter_public_year(year=2027, days=[PublicDay(date(2027, 1, 1), False, "元旦")], actor=None)


def test_the_legal_clock_needs_no_calendar_row() -> None:
    assert legal_schedule().add_working_days(date(2026, 9, 28), 7) == date(2026, 10, 13)


def test_the_command_loads_what_is_missing_and_says_so(tmp_path: Path) -> None:
    out = StringIO()
    call_command("load_holidays", stdout=out)
    assert out.getvalue().split() == [str(year) for year in DEFAULT_YEARS]
    out = StringIO()
    call_command("load_holidays", stdout=out)
    assert out.getvalue().strip() == "Nothing to load."
    with pytest.raises(CommandError, match="尚未公布"):
        call_command("load_holidays", "2027", stdout=StringIO())
    file = tmp_path / "2027.csv"
    file.write_text("on,kind,name\n2027-01-01,closed,元旦\n2027-01-03,working,调休\n")
    call_command("load_holidays", "--file", str(file), stdout=StringIO())
    assert PublicHolidayYear.objects.filter(year=2027, source="2027.csv").exists()


def test_tables_and_built_in_data_agree() -> None:
    load_public_holidays([2026])
    rows = set(PublicHoliday.objects.values_list("on", "kind"))
    assert rows == {(day.on, "working" if day.works else "closed") for day in published_days(2026)}


# API


def body(**kwargs: Any) -> dict[str, Any]:
    return {
        "name": "客服中心",
        "hours": [
            {"weekday": 0, "opens": "09:00", "closes": "12:00"},
            {"weekday": 0, "opens": "13:00", "closes": "24:00"},
        ],
        **kwargs,
    }


def test_api_creates_and_shows_a_calendar(admin: User) -> None:
    answer = client_of(admin).post(URL, body(days=[{"on": "2026-10-10", "kind": "working"}]), format="json")
    assert answer.status_code == 201, answer.data
    shown = client_of(admin).get(f"{URL}{answer.data['id']}/").data
    assert shown["timezone"] == "Asia/Shanghai"
    assert shown["holidays"] == "CN"
    assert shown["hours"][1] == {"weekday": 0, "opens": "13:00", "closes": "24:00"}
    assert shown["days"] == [{"on": "2026-10-10", "kind": "working", "hours": None}]


def test_api_lists_in_a_patch_replace(admin: User) -> None:
    client = client_of(admin)
    made = client.post(URL, body(days=[{"on": "2026-10-10", "kind": "closed"}]), format="json").data
    patched = client.patch(
        f"{URL}{made['id']}/", {"hours": [{"weekday": 2, "opens": "10:00", "closes": "11:00"}]}, format="json"
    )
    assert patched.status_code == 200, patched.data
    assert patched.data["hours"] == [{"weekday": 2, "opens": "10:00", "closes": "11:00"}]
    assert len(patched.data["days"]) == 1
    assert client.patch(f"{URL}{made['id']}/", {"days": []}, format="json").data["days"] == []
    hours = [{"opens": "10:00", "closes": "11:00"}]
    patched = client.patch(
        f"{URL}{made['id']}/", {"days": [{"on": "2026-10-01", "kind": "working", "hours": hours}]}, format="json"
    )
    assert patched.data["days"][0]["hours"] == hours
    assert patched.data["version"] == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hours": []}, "hours"),
        ({"hours": [{"weekday": 7, "opens": "09:00", "closes": "10:00"}]}, "hours"),
        ({"hours": [{"weekday": 0, "opens": "9", "closes": "10:00"}]}, "hours"),
        ({"hours": [{"weekday": 0, "opens": "18:00", "closes": "09:00"}]}, "hours"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"holidays": "US"}, "holidays"),
        ({"colour": "red"}, "colour"),
        ({"days": [{"on": "2026-13-01", "kind": "closed"}]}, "days"),
        ({"name": ""}, "name"),
        ({"name": "名" * 101}, "name"),
    ],
)
def test_api_refuses_by_name(admin: User, change: dict, field: str) -> None:
    answer = client_of(admin).post(URL, body(**change), format="json")
    assert answer.status_code == 400
    assert any(name.split(".")[0] == field for name in answer.data["fields"]), answer.data


def test_agents_look_and_do_not_touch(agent: User, supervisor: User, auditor: User) -> None:
    assert client_of(supervisor).post(URL, body(), format="json").status_code == 201
    assert len(client_of(agent).get(URL).data["results"]) == 1
    assert client_of(agent).post(URL, body(name="b"), format="json").status_code == 403
    assert client_of(auditor).post(URL, body(name="b"), format="json").status_code == 403
    assert client_of(auditor).get(URL).status_code == 200
    assert APIClient().get(URL).status_code == 401
