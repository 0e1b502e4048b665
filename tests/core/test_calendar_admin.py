"""The admin pages of calendars and questionnaires go through the services."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from core.calendars.models import BusinessCalendar, PublicHoliday
from core.calendars.services import HoursInput, save_calendar
from core.events import Event
from core.questionnaires.models import QuestionnaireVersion
from crm.staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(admin: User) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(admin, backend="crm.staff.backends.RoleBackend")
    return client


def calendar_form(**kwargs: Any) -> dict[str, Any]:
    return {
        "name": "客服中心",
        "timezone": "Asia/Shanghai",
        "holidays": "CN",
        "hours-TOTAL_FORMS": 2,
        "hours-INITIAL_FORMS": 0,
        "hours-0-weekday": 0,
        "hours-0-opens_minute": "09:00",
        "hours-0-closes_minute": "12:00",
        "hours-1-weekday": 0,
        "hours-1-opens_minute": "13:00",
        "hours-1-closes_minute": "24:00",
        "days-TOTAL_FORMS": 1,
        "days-INITIAL_FORMS": 0,
        "days-0-on": "2026-11-11",
        "days-0-kind": "working",
        "days-0-hours": "00:00-12:00 13:00-24:00",
        **kwargs,
    }


def test_a_calendar_is_made_on_the_page(page: Client) -> None:
    answer = page.post("/admin/core/businesscalendar/add/", calendar_form())
    assert answer.status_code == 302, answer.context["errors"]
    calendar = BusinessCalendar.objects.get()
    assert [(item.opens_minute, item.closes_minute) for item in calendar.hours.all()] == [(540, 720), (780, 1440)]
    assert calendar.days.get().hours == [{"opens": "00:00", "closes": "12:00"}, {"opens": "13:00", "closes": "24:00"}]
    assert Event.objects.filter(kind="calendar.created").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hours-1-opens_minute": "11:00"}, "营业时段 11:00 前后重叠"),
        ({"hours-1-opens_minute": "25:00"}, "请填写 00:00 到 24:00 的时间"),
        ({"timezone": "Mars"}, "没有时区 Mars"),
        ({"days-0-hours": "9-12"}, "请按“09:00-12:00 13:00-18:00”的格式填写"),
        ({"hours-TOTAL_FORMS": 0}, "没有任何营业时间"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(page: Client, change: dict, sentence: str) -> None:
    answer = page.post("/admin/core/businesscalendar/add/", calendar_form(**change))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not BusinessCalendar.objects.exists()


def test_a_year_is_entered_day_by_day(page: Client) -> None:
    calendar = save_calendar(actor=None, name="a", hours=[HoursInput(0, 540, 1080)])
    form = {"year": 2027, "days": "2027-01-01 休 元旦\n2027-01-03 班 调休\n"}
    assert page.post("/admin/core/publicholidayyear/add/", form).status_code == 302
    assert PublicHoliday.objects.filter(on__year=2027).count() == 2
    calendar.refresh_from_db()
    assert calendar.version > 1
    wrong = page.post("/admin/core/publicholidayyear/add/", {"year": 2028, "days": "2028-01-01 元旦"})
    assert "第 1 行无法识别" in wrong.content.decode()


def test_a_questionnaire_is_published_on_the_page(page: Client) -> None:
    form = {
        "key": "csat",
        "title": "评价",
        "introduction": "",
        "thanks": "谢谢",
        "questions": '[{"key": "score", "kind": "score", "label": "满意吗"}]',
    }
    assert page.post("/admin/core/questionnaireversion/add/", form).status_code == 302
    assert QuestionnaireVersion.objects.get().published_at is not None
    wrong = page.post("/admin/core/questionnaireversion/add/", {**form, "questions": "[{}]"})
    assert "第 1 题：类型须为" in wrong.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "core/businesscalendar/",
        "core/businesscalendar/add/",
        "core/publicholiday/",
        "core/publicholidayyear/add/",
        "core/questionnaireversion/add/",
        "followups/followupvisit/",
        "followups/followupplan/",
        "followups/followupplan/add/",
        "followups/surveyinvitation/",
        "followups/followupsettings/add/",
    ],
)
def test_pages_open(page: Client, path: str) -> None:
    assert page.get(f"/admin/{path}").status_code == 200


def test_a_year_that_will_be_needed_is_asked_for_on_the_home_page_until_it_is_entered(
    page: Client, admin: User, agent: User
) -> None:
    sentence, link = "2027 年的节假日与调休尚未录入", "/admin/core/publicholidayyear/add/?year=2027"

    def shown(client: Client) -> bool:
        home = client.get("/").content.decode()
        assert (sentence in home) == (link in home)
        return sentence in home

    with time_machine.travel("2026-11-22T09:00:00+08:00", tick=False):
        page.force_login(admin, backend="crm.staff.backends.RoleBackend")
        assert not shown(page)  # no calendar follows the public days
        save_calendar(actor=None, name="a", hours=[HoursInput(0, 540, 1080)], holidays="CN")
        assert shown(page)
        other = Client(headers={"accept-language": "zh-hans"})
        other.force_login(agent, backend="crm.staff.backends.RoleBackend")
        assert not shown(other)
        form = {"year": 2027, "days": "2027-01-01 休 元旦\n2027-01-03 班 调休\n"}
        assert page.post("/admin/core/publicholidayyear/add/", form).status_code == 302
        assert not shown(page)
    with time_machine.travel("2027-10-01T09:00:00+08:00", tick=False):
        page.force_login(admin, backend="crm.staff.backends.RoleBackend")
        assert not shown(page)
