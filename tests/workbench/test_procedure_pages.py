"""The desk's tab 流程, 部门任务, 投诉责任, and what the customer sees of a complaint's way."""

from typing import Any

import pytest

from core.events import run_consumers
from core.procedures.models import Department, ProcedureRun, ProcedureTask
from core.procedures.services import departments
from crm.staff.choices import Role
from crm.staff.models import User
from tests.factories import UserFactory
from tests.followups.conftest import client_of
from tests.workbench.conftest import browser, desk, frozen, make_ticket, text
from tickets.models import Ticket
from tickets.services import conversation, transitions

__all__ = ["desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C06")]


@pytest.fixture
def complaint(make_ticket: Any, agent: User, frozen: Any) -> Ticket:
    made = make_ticket("杯子碎了，我要投诉", type="complaint", category="商品质量问题", order_no="TB1")
    if made.assignee_id is None:
        transitions.assign(ticket=made, actor=agent)
    run_consumers()
    return Ticket.objects.get(pk=made.pk)


@pytest.fixture
def maker(db: None) -> User:
    """Somebody of the product department who sees no ticket."""
    person: User = UserFactory(username="maker", role=Role.AGENT)  # type: ignore[assignment]
    departments.ensure_departments()["product"].members.add(person)
    return person


def advance(person: User, ticket: Ticket, **data: Any) -> str:
    run = ProcedureRun.objects.get(subject_id=ticket.pk)
    return text(browser(person).post(f"/desk/{ticket.number}/procedure/{run.pk}/advance/", data))


def test_the_desk_shows_the_bar_and_goes_on_step_by_step(complaint: Ticket, agent: User, maker: User) -> None:
    shown = text(browser(agent).get(f"/desk/{complaint.number}/side/procedure/"))
    assert shown.count('data-state="waiting" title') == 9
    assert "1. 受理" in shown
    assert "已核实联系方式" in shown
    told = advance(agent, complaint, tick=["c1"], do="done")
    assert "请先完成必选检查项：已核实联系方式" in told
    assert "“受理”已完成" in advance(agent, complaint, tick=["c1", "c2"], do="done")
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天答复您。")
    shown = advance(agent, complaint, tick=["c1"], do="done")
    assert "4. 调查原因" in shown
    assert "完成本步" not in shown
    history = text(browser(agent).get(f"/desk/{complaint.number}/side/history/"))
    assert "任务“调查原因”交给产品" in history
    assert "procedure." not in history


@pytest.mark.capability("C07")
def test_a_department_finishes_its_task_without_seeing_the_customer(
    complaint: Ticket, agent: User, maker: User
) -> None:
    advance(agent, complaint, tick=["c1", "c2"], do="done")
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天答复您。")
    advance(agent, complaint, tick=["c1"], do="done")
    page = text(browser(maker).get("/tasks/"))
    assert "调查原因" in page
    assert complaint.number in page
    assert "陈女士" not in page
    assert f'href="/desk/{complaint.number}/"' not in page
    assert browser(maker).get(f"/desk/{complaint.number}/").status_code == 404
    task = complaint_task(complaint)
    wrong = text(browser(maker).post(f"/tasks/{task}/complete/", {"tick": ["c1", "c2"], "proof_cause": "太薄"}), 400)
    assert "请填写责任方" in wrong
    assert 'value="太薄"' in wrong
    good = {"tick": ["c1", "c2"], "proof_cause": "太薄", "proof_liability": "seller"}
    assert browser(maker).post(f"/tasks/{task}/complete/", good).status_code == 302
    assert "这里没有任务" in text(browser(maker).get("/tasks/"))
    assert "太薄" in text(browser(maker).get("/tasks/?tab=done"))


def complaint_task(ticket: Ticket) -> int:
    run = ProcedureRun.objects.get(subject_id=ticket.pk)
    return int(run.tasks.get(state="open", is_main=True).pk)


def test_the_customer_sees_how_far_it_is_and_nothing_inside(complaint: Ticket, agent: User) -> None:
    form = {"number": complaint.number, "phone_tail": "8000"}
    shown = text(browser(agent).post("/track/", form))
    assert "调查核实" in shown
    assert "核实联系方式" not in shown
    assert "产品" not in shown
    steps = client_of(agent).post("/api/v1/public/track/", form, format="json").json()["steps"]
    assert steps[0] == {"label": "受理", "done": False, "current": True}
    assert [one["label"] for one in steps] == [
        "受理", "调查核实", "制定方案", "确认方案", "执行方案", "确认结果", "完成",
    ]  # fmt: skip


@pytest.mark.capability("C08")
def test_the_report_names_who_answers_for_nothing_and_is_empty_when_all_is_well(
    complaint: Ticket, agent: User, supervisor: User, team: Any, frozen: Any
) -> None:
    frozen.shift(180)
    assert "没有违规" in text(browser(supervisor).get("/complaints/duty/"))
    shown = client_of(agent).get(f"/api/v1/complaints/{complaint.number}/").json()
    assert (shown["owner"]["id"], shown["step"], shown["violation"]) == (agent.pk, "intake", "")
    assert shown["next_due_at"]
    ProcedureRun.objects.filter(subject_id=complaint.pk).delete()
    assert "没有流程，没有下一时限" in text(browser(supervisor).get("/complaints/duty/"))
    found = client_of(supervisor).get("/api/v1/complaints/?violation=true").json()["results"]
    assert [(one["number"], one["violation"]) for one in found] == [(complaint.number, "no_procedure")]


def test_the_api_goes_the_same_way_and_names_what_is_wrong(complaint: Ticket, agent: User, maker: User) -> None:
    api = client_of(agent)
    run = api.get(f"/api/v1/procedure-runs/?subject={complaint.number}").json()["results"][0]
    assert (run["subject"]["number"], run["step"], run["owner"]["id"]) == (complaint.number, "intake", agent.pk)
    address = f"/api/v1/procedure-runs/{run['id']}"
    refused = api.post(f"{address}/advance/", {}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_done")
    assert refused.json()["fields"]["checklist"]
    done = api.post(f"{address}/advance/", {"items": {"c1": True, "c2": True}}, format="json").json()
    assert done["step"] == "classify"
    assert [step["state"] for step in done["steps"][:3]] == ["done", "active", "waiting"]
    wrong: tuple[dict[str, Any], ...] = ({"items": {"c1": "yes"}}, {"items": []}, {"proof": "x"}, {"colour": "red"})
    for bad in wrong:
        assert api.post(f"{address}/advance/", bad, format="json").status_code == 400
    assert Department.objects.count() == 6


def test_who_closes_a_complaint_reads_what_is_still_open(complaint: Ticket, make_ticket: Any, agent: User) -> None:
    transitions.solve(ticket=complaint, actor=agent)
    run_consumers()
    [title] = ProcedureTask.objects.filter(run__subject_id=complaint.pk).open().values_list("title", flat=True)  # type: ignore[attr-defined]
    assert f'data-hint="还有任务未完成：{title}。"' in text(browser(agent).get(f"/desk/{complaint.number}/"))
    ProcedureTask.objects.filter(run__subject_id=complaint.pk).update(state="cancelled")
    assert "还有任务未完成" not in text(browser(agent).get(f"/desk/{complaint.number}/"))
