"""The people of a department hear of their tasks, and of those that are not wanted any more (C07)."""

from typing import Any

import pytest

from core.errors import Conflict, InvalidInput
from core.events import run_consumers
from core.procedures.models import Department, ProcedureRun
from core.procedures.services import tasks
from crm.staff.models import User
from tests.tickets.test_complaint_sop import complaint, do, people, run_of
from tests.workbench.conftest import browser, text
from tickets.models import AfterSalesLimit, Notice, Ticket
from tickets.services import conversation, transitions
from tickets.services.aftersales import limits

__all__ = ["complaint", "people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]


@pytest.fixture
def investigated(complaint: Ticket, agent: User, people: dict[str, User]) -> ProcedureRun:
    """A complaint whose cause the product department is asked for."""
    run = run_of(complaint)
    do(run, agent, 2)
    do(run, agent, 1)
    conversation.reply(ticket=complaint, actor=agent, body="非常抱歉，今天 18:00 前答复您。")
    run_consumers()
    run.refresh_from_db()
    return run


def _told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("id").values_list("kind", flat=True))


@pytest.mark.capability("C07", "C06")
def test_a_task_rings_with_the_department_and_leads_to_its_tasks(
    investigated: ProcedureRun,
    complaint: Ticket,
    people: dict[str, User],
) -> None:
    assert _told(people["product"]) == ["task_given"]
    assert _told(people["finance"]) == []
    page = text(browser(people["product"]).get("/notices/"))
    assert "您的部门有新任务" in page
    assert complaint.number in page
    assert "杯子碎了" not in page
    assert f'href="/desk/{complaint.number}/"' not in page


@pytest.mark.capability("C07", "C06")
def test_passing_on_rings_with_the_next_department_but_not_with_who_did_it(
    investigated: ProcedureRun,
    people: dict[str, User],
    supervisor: User,
) -> None:
    task = investigated.tasks.get(is_main=True, state="open")
    merchant = Department.objects.get(key="merchant")
    merchant.members.add(supervisor)
    tasks.pass_on(task=task, actor=supervisor, department=merchant, reason="供应商的问题")
    assert _told(people["merchant"]) == ["task_given"]
    assert "task_given" not in _told(supervisor)


@pytest.mark.capability("C07", "C06")
def test_closing_early_ends_the_run_with_its_reason_and_tells_who_had_the_task(
    investigated: ProcedureRun,
    complaint: Ticket,
    agent: User,
    people: dict[str, User],
) -> None:
    complaint.refresh_from_db()
    transitions.cancel(ticket=complaint, actor=agent, reason="客户撤回")
    run_consumers()
    investigated.refresh_from_db()
    assert (investigated.state, investigated.end_reason) == ("cancelled", "工单已撤销")
    assert not investigated.tasks.filter(state="open").exists()
    assert _told(people["product"]) == ["task_given", "task_withdrawn"]


@pytest.mark.capability("D04")
def test_a_limit_of_after_sales_is_set_once_and_named_when_wrong(agent: User) -> None:
    made = limits.save_limit(limit=None, actor=agent, values={"stage": "inspecting", "platform": "jd", "hours": 24})
    found = limits.limit_of("inspecting", "repair", "jd")
    assert found is not None
    assert found.span.total_seconds() == 24 * 3600
    with pytest.raises(Conflict):
        limits.save_limit(limit=None, actor=agent, values={"stage": "inspecting", "platform": "jd", "hours": 30})
    with pytest.raises(InvalidInput) as refused:
        limits.save_limit(limit=made, actor=agent, values={"warn_hours": [24]})
    assert set(refused.value.fields) == {"warn_hours"}
    assert AfterSalesLimit.objects.get().warn_hours == []


@pytest.mark.capability("D04")
def test_limits_over_http(supervisor: User) -> None:
    client: Any = browser(supervisor)
    path = "/api/v1/after-sales-limits/"
    good = {"stage": "deciding", "kind": "repair", "hours": 48, "warn_hours": [24]}
    made = client.post(path, good, "application/json")
    assert made.status_code == 201
    assert client.post(path, good, "application/json").status_code == 409
    wrong = client.post(path, good | {"platform": "jd", "warn_hours": [48]}, "application/json")
    assert (wrong.status_code, set(wrong.json()["fields"])) == (400, {"warn_hours"})
    assert client.get(path).json()["results"][0]["hours"] == 48
