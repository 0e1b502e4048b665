"""Skills, groups, shifts and peak plans in the admin."""

from typing import Any

import pytest

from core.timers import Timer
from crm.staff.models import PeakPlan, ShiftPlan, SkillGroup, User
from crm.staff.services import coverage
from tests.tickets.conftest import Desk, desk, frozen
from tests.workbench.conftest import browser, text

__all__ = ["desk", "frozen"]

pytestmark = pytest.mark.django_db


@pytest.mark.capability("B05")
def test_skills_are_written_as_words(agent: User, admin: User, desk: Desk) -> None:
    page = browser(admin)
    form = {
        "display_name": "张伟",
        "role": "agent",
        "is_active": "on",
        "concurrency_limit": 8,
        "skills": "数码，英语,数码",
    }
    answer = page.post(f"/admin/staff/user/{agent.pk}/change/", form)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    agent.refresh_from_db()
    assert agent.skills == ["数码", "英语"]
    assert "数码、英语" in text(page.get(f"/admin/staff/user/{agent.pk}/change/"))


@pytest.mark.capability("H03")
def test_a_group_with_hours_is_watched_from_then_on(admin: User, supervisor: User, desk: Desk, frozen: Any) -> None:
    form = {
        "queue": desk.queue.pk,
        "skills": "数码",
        "lead_minutes": 30,
        "hours-TOTAL_FORMS": 1,
        "hours-INITIAL_FORMS": 0,
        "hours-0-weekday": 0,
        "hours-0-opens_minute": 660,
        "hours-0-closes_minute": 1080,
    }
    answer = browser(supervisor).post("/admin/staff/skillgroup/add/", form)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert SkillGroup.objects.get().skills == ["数码"]
    assert Timer.objects.filter(kind=coverage.TIMER_GAP).count() == 2


@pytest.mark.capability("B19")
def test_what_the_services_refuse_is_told(agent: User, admin: User, frozen: Any) -> None:
    page = browser(admin)
    form = {"user": agent.pk, "starts_at_0": "2026-11-10", "starts_at_1": "09:00", "ends_at_0": "2026-11-10"}
    answer = page.post("/admin/staff/shiftplan/add/", form | {"ends_at_1": "18:00"}, follow=True)
    assert "不能排过去的班次" in text(answer)
    assert not ShiftPlan.objects.exists()
    peak = {"name": "双十一", "starts_at_0": "2026-11-20", "starts_at_1": "20:00", "limit_percent": 150}
    peak |= {"ends_at_0": "2026-11-22", "ends_at_1": "00:00"}
    assert page.post("/admin/staff/peakplan/add/", peak).status_code == 302
    assert "时间重叠" in text(page.post("/admin/staff/peakplan/add/", peak, follow=True))
    assert PeakPlan.objects.count() == 1
    for name in ("shiftplan", "peakplan", "shifttemplate", "skillgroup", "presence"):
        text(page.get(f"/admin/staff/{name}/"))
