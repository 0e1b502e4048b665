"""Shifts and peak plans at the browser and over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from crm.staff.models import PeakPlan, ShiftPlan, ShiftTemplate, TemplateShift, User
from crm.staff.services import shifts
from tests.api.conftest import api
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tests.workbench.conftest import browser, no_export_limit, text

__all__ = ["api", "desk", "frozen", "make_ticket", "no_export_limit"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H03")]
Api = Callable[..., Any]


@pytest.fixture(autouse=True)
def _monday_nine(frozen: Any) -> None:
    """It is Monday, 2026-11-16, nine in Shanghai."""


def test_the_week_shows_people_and_their_shifts(agent: User, other_agent: User, supervisor: User, desk: Desk) -> None:
    shifts.create_shift(
        user=agent, starts_at=clock.now() + timedelta(hours=1), ends_at=clock.now() + timedelta(hours=9), actor=None
    )
    page = text(browser(supervisor).get("/team/shifts/"))
    assert "10:00–18:00" in page
    assert agent.name in page
    assert other_agent.name not in page
    assert "10:00–18:00" not in text(browser(supervisor).get("/team/shifts/?week=2026-11-23"))
    assert browser(supervisor).get("/team/shifts/?week=gestern").status_code == 404
    own = text(browser(agent).get("/team/shifts/"))
    assert "10:00–18:00" in own
    assert "shift-dialog" not in own


def test_a_shift_is_planned_and_taken_back_on_the_page(agent: User, supervisor: User, desk: Desk) -> None:
    page = browser(supervisor)
    form = {"user": agent.pk, "on": "2026-11-17", "opens": "22:00", "closes": "06:00", "queue": desk.queue.pk}
    assert page.post("/team/shifts/new/", form).status_code == 302
    shift = ShiftPlan.objects.get()
    assert shift.ends_at - shift.starts_at == timedelta(hours=8)
    refused = page.post("/team/shifts/new/", form)
    assert "已有班次" in text(refused, 400)
    assert "data-reopen" in refused.content.decode()
    assert "不能排过去的班次" in text(page.post("/team/shifts/new/", form | {"on": "2026-11-15"}), 400)
    assert page.post(f"/team/shifts/{shift.pk}/cancel/").status_code == 302
    assert not ShiftPlan.objects.exists()


def test_a_template_is_copied_on_the_page(agent: User, supervisor: User) -> None:
    template = ShiftTemplate.objects.create(name="平日班")
    TemplateShift.objects.create(template=template, user=agent, weekday=2, opens_minute=540, closes_minute=1080)
    form = {"template": template.pk, "first": "2026-11-16", "last": "2026-11-29"}
    assert "排了 2 个班次" in text(browser(supervisor).post("/team/shifts/copy/", form, follow=True))


def test_what_is_exported_can_be_imported(agent: User, supervisor: User, desk: Desk, no_export_limit: None) -> None:
    for day in (1, 2):
        start = clock.now() + timedelta(days=day)
        shifts.create_shift(
            user=agent, starts_at=start, ends_at=start + timedelta(hours=8), queue=desk.queue, actor=None
        )
    page = browser(supervisor)
    answer = page.get("/team/shifts/export/")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    again = SimpleUploadedFile("shifts.csv", content, "text/csv")
    assert "导入 0 行，已有 2 行，有错 0 行" in text(page.post("/team/shifts/import/", {"file": again}, follow=True))
    ShiftPlan.objects.all().delete()
    again.seek(0)
    assert "导入 2 行" in text(page.post("/team/shifts/import/", {"file": again}, follow=True))
    assert ShiftPlan.objects.filter(queue=desk.queue).count() == 2


def test_bad_lines_are_named_and_stop_no_good_one(agent: User, supervisor: User, api: Api) -> None:
    lines = [
        "员工,开始时间,结束时间,队列",
        "agent,2026-11-17 09:00,2026-11-17 18:00,",
        "nobody,2026-11-17 09:00,2026-11-17 18:00,",
        "agent,2026-11-17 17:00,2026-11-17 19:00,",
        "agent,昨天,2026-11-18 18:00,",
        "agent,2026-11-10 09:00,2026-11-10 18:00,",
        "agent,2026/11/18 09:00,2026/11/18 18:00,没有的队列",
    ]
    file = SimpleUploadedFile("shifts.csv", "\n".join(lines).encode("gb18030"), "text/csv")
    answer = api(supervisor).post("/api/v1/shifts/import/", {"file": file}, format="multipart")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["created"], [error["line"] for error in told["errors"]]) == (1, [3, 4, 5, 6, 7])
    wrong = SimpleUploadedFile("shifts.exe", b"MZ", "text/csv")
    refused = api(supervisor).post("/api/v1/shifts/import/", {"file": wrong}, format="multipart")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["file"])


def test_shifts_over_the_api(agent: User, other_agent: User, supervisor: User, desk: Desk, api: Api) -> None:
    client = api(supervisor)
    body = {"user": "agent", "starts_at": "2026-11-17T09:00:00+08:00", "ends_at": "2026-11-17T18:00:00+08:00"}
    made = client.post("/api/v1/shifts/", body | {"queue": "desk"}, format="json")
    assert (made.status_code, made.json()["queue"]) == (201, "desk")
    again = client.post("/api/v1/shifts/", body, format="json")
    assert (again.status_code, again.json()["code"], list(again.json()["fields"])) == (409, "overlap", ["starts_at"])
    past = client.post("/api/v1/shifts/", body | {"starts_at": "2026-11-01T09:00:00+08:00"}, format="json")
    assert (past.status_code, list(past.json()["fields"])) == (400, ["ends_at"])
    address = f"/api/v1/shifts/{made.json()['id']}/"
    changed = client.patch(address, {"ends_at": "2026-11-17T17:00:00+08:00"}, format="json")
    assert changed.json()["ends_at"].startswith("2026-11-17T17:00")
    found = client.get("/api/v1/shifts/?from=2026-11-17T00:00:00%2B08:00&to=2026-11-18T00:00:00%2B08:00&queue=desk")
    assert [row["id"] for row in found.json()["results"]] == [made.json()["id"]]
    assert api(other_agent).get(address).status_code == 404
    assert client.delete(address).status_code == 204
    assert not ShiftPlan.objects.exists()


@pytest.mark.capability("B19")
def test_a_peak_is_planned_and_stopped_on_the_page(supervisor: User, agent: User) -> None:
    page = browser(supervisor)
    form = {"name": "双十一", "starts_at": "2026-11-20T20:00", "ends_at": "2026-11-22T00:00", "limit_percent": "150"}
    assert page.post("/team/peak/new/", form).status_code == 302
    plan = PeakPlan.objects.get()
    assert "时间重叠" in text(page.post("/team/peak/new/", form), 400)
    assert "开始时间必须晚于现在" in text(page.post("/team/peak/new/", form | {"starts_at": "2026-11-01T00:00"}), 400)
    shown = text(browser(agent).get("/team/peak/"))
    assert "双十一" in shown
    assert f"/team/peak/{plan.pk}/stop/" not in shown
    assert page.post(f"/team/peak/{plan.pk}/stop/").status_code == 302
    plan.refresh_from_db()
    assert (plan.state, plan.stopped_by) == ("stopped", supervisor)
    assert "已经结束" in text(page.post(f"/team/peak/{plan.pk}/stop/", follow=True))


@pytest.mark.capability("B19")
def test_peak_plans_over_the_api(supervisor: User, agent: User, api: Api) -> None:
    body = {"name": "双十一", "starts_at": "2026-11-20T20:00:00+08:00", "ends_at": "2026-11-22T00:00:00+08:00"}
    client = api(supervisor)
    made = client.post("/api/v1/peak-plans/", body, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "ahead")
    assert client.post("/api/v1/peak-plans/", body, format="json").json()["code"] == "overlap"
    address = f"/api/v1/peak-plans/{made.json()['id']}/"
    assert client.patch(address, {"limit_percent": 200}, format="json").json()["limit_percent"] == 200
    assert client.patch(address, {"limit_percent": 0}, format="json").status_code == 400
    assert api(agent).post(f"{address}stop/", {}, format="json").status_code == 403
    assert client.post(f"{address}stop/", {}, format="json").json()["state"] == "stopped"
    assert client.post(f"{address}stop/", {}, format="json").status_code == 409
