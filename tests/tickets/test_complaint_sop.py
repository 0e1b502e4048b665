"""The complaint SOP from receipt to return visit, across departments."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event, run_consumers
from core.procedures.models import Department, Procedure, ProcedureRun, ProcedureTask
from core.procedures.services import departments, giving, running, tasks, templates
from core.timers import fire_due
from core.versions import services as versions
from crm.staff.choices import Role
from crm.staff.models import User
from tests.factories import UserFactory
from tests.followups.conftest import client_of
from tests.workbench.conftest import browser, text
from tickets.models import Notice, Ticket
from tickets.procedures import effect, following
from tickets.procedures.public import public_steps
from tickets.services import conversation, editing, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C06")]

MakeTicket = Callable[..., Ticket]


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """One person for every department besides the desk."""
    rows = departments.ensure_departments()
    found: dict[str, User] = {}
    for key in ("product", "merchant", "logistics", "warehouse", "finance"):
        found[key] = UserFactory(username=f"dept_{key}", role=Role.AGENT)  # type: ignore[assignment]
        rows[key].members.add(found[key])
    return found


@pytest.fixture
def complaint(make_ticket: MakeTicket, agent: User, frozen: Any) -> Ticket:
    made = make_ticket("杯子碎了，我要投诉", type="complaint", category="商品质量问题", order_no="TB1", product="CUP")
    if made.assignee_id is None:
        transitions.assign(ticket=made, actor=agent)
    return Ticket.objects.get(pk=made.pk)


def run_of(ticket: Ticket) -> ProcedureRun:
    run_consumers()
    return ProcedureRun.objects.select_related("procedure", "version").filter(subject_id=ticket.pk).latest("id")


def do(run: ProcedureRun, actor: User, ticks: int = 0, **proof: Any) -> ProcedureRun:
    """Tick so many lines of the current step and complete it."""
    run.refresh_from_db()
    if ticks:
        running.tick(run=run, actor=actor, items={f"c{number}": True for number in range(1, ticks + 1)})
    return running.complete_step(run=run, actor=actor, proof=proof)


def to_execution(ticket: Ticket, agent: User, people: dict[str, User], solution: list[str]) -> ProcedureRun:
    """The run as far as the agreement, which is the next thing to be done."""
    run = run_of(ticket)
    do(run, agent, 2)
    do(run, agent, 1)
    conversation.reply(ticket=ticket, actor=agent, body="非常抱歉，今天 18:00 前答复您。")
    run_consumers()
    do(run, people["product"], 2, cause="包装太薄", liability="seller")
    return do(run, people["merchant"], 1, solution=solution, amount="59.00", promised_on="2026-11-20")


def test_a_complaint_begins_its_procedure_outside_the_intake(make_ticket: MakeTicket, frozen: Any) -> None:
    ticket = make_ticket("杯子碎了，我要投诉", type="complaint")
    assert not ProcedureRun.objects.exists()
    run = run_of(ticket)
    assert (run.step, run.version.number, run.state) == ("intake", 1, "running")
    assert run.next_due_at == clock.now() + timedelta(hours=1)
    run_consumers()
    assert ProcedureRun.objects.count() == 1
    make_ticket("请问怎么清洗", type="consultation")
    run_consumers()
    assert ProcedureRun.objects.count() == 1


def test_every_step_has_owner_limit_and_a_task_for_the_named_department(
    complaint: Ticket, agent: User, people: dict[str, User]
) -> None:
    run = run_of(complaint)
    plan = run.version.plan
    assert all(step.department and step.due.seconds and step.checklist for step in plan)
    main = running.open_main(run)
    assert main is not None
    assert (main.department.key, main.assignee, main.due_at) == ("service", agent, run.next_due_at)


def test_open_required_lines_block_the_next_step_and_are_named(complaint: Ticket, agent: User) -> None:
    run = run_of(complaint)
    with pytest.raises(Conflict, match="已记录投诉内容和发生时间、已核实联系方式") as refused:
        running.complete_step(run=run, actor=agent, proof={})
    assert refused.value.code == "step_not_done"
    running.tick(run=run, actor=agent, items={"c1": True})
    with pytest.raises(Conflict, match="已核实联系方式"):
        running.complete_step(run=run, actor=agent, proof={})
    assert do(run, agent, 2).step == "classify"
    with pytest.raises(InvalidInput, match="没有检查项“c9”"):
        running.tick(run=run, actor=agent, items={"c9": True})


def test_a_step_is_not_left_before_its_condition_is_true(make_ticket: MakeTicket, agent: User, frozen: Any) -> None:
    ticket = make_ticket("。。。", type="complaint")
    transitions.assign(ticket=ticket, actor=agent) if ticket.assignee_id is None else None
    Ticket.objects.filter(pk=ticket.pk).update(category="")
    run = run_of(ticket)
    do(run, agent, 2)
    with pytest.raises(Conflict, match="分类 有值"):
        do(run, agent, 1)
    editing.edit(ticket=ticket, actor=agent, changes={"category": "服务态度"})
    assert do(run, agent).step == "first_response"


def test_the_first_reply_completes_its_step_by_itself(complaint: Ticket, agent: User, people: dict[str, User]) -> None:
    run = run_of(complaint)
    do(run, agent, 2)
    do(run, agent, 1)
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天 18:00 前答复您。")
    run_consumers()
    run.refresh_from_db()
    assert run.step == "investigate"
    step = run.steps.get(key="first_response")
    assert (step.state, step.done_by) == ("done", None)


@pytest.mark.capability("C20")
@pytest.mark.capability("C07")
def test_on_agreement_tasks_reach_warehouse_logistics_and_finance_at_once(
    complaint: Ticket, agent: User, people: dict[str, User]
) -> None:
    run = to_execution(complaint, agent, people, ["exchange", "compensation"])
    do(run, agent, 1, agreed="agreed")
    given = {task.key: task.department.key for task in run.tasks.filter(state="open")}
    assert given == {"execute": "logistics", "pay": "finance", "stock": "warehouse", "ship": "logistics"}
    with pytest.raises(Conflict, match="财务：退款或打款"):
        do(run, people["logistics"], 1)


@pytest.mark.capability("C20")
def test_a_task_that_cannot_be_made_rolls_the_agreement_back(
    complaint: Ticket, agent: User, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to_execution(complaint, agent, people, ["refund"])
    real = giving.give

    def fails(*, department: Department, **values: Any) -> ProcedureTask:
        if department.key == "finance":
            raise RuntimeError("no task")
        return real(department=department, **values)

    monkeypatch.setattr(giving, "give", fails)
    with pytest.raises(RuntimeError):
        do(run, agent, 1, agreed="agreed")
    run.refresh_from_db()
    assert run.step == "agree"
    assert run.steps.get(key="agree").state == "active"
    assert not Event.objects.filter(kind="procedure.step_done", payload__step="agree").exists()


@pytest.mark.capability("C21")
def test_done_without_its_proof_is_refused(complaint: Ticket, agent: User, people: dict[str, User]) -> None:
    run = to_execution(complaint, agent, people, ["refund"])
    do(run, agent, 1, agreed="agreed")
    pay = run.tasks.select_related("run", "step", "department").get(key="pay")
    with pytest.raises(InvalidInput, match="请填写退款或打款流水号"):
        tasks.complete(task=pay, actor=people["finance"], proof={"paid": "59.00"})
    done = tasks.complete(task=pay, actor=people["finance"], proof={"payment_no": "TK-9", "paid": "59.00"})
    assert done.state == "done"
    assert "TK-9" not in str(Event.objects.values_list("payload", flat=True))


def test_the_whole_way_to_the_return_visit(complaint: Ticket, agent: User, people: dict[str, User]) -> None:
    run = to_execution(complaint, agent, people, ["refund"])
    do(run, agent, 1, agreed="agreed")
    pay = run.tasks.select_related("run", "step", "department").get(key="pay")
    tasks.complete(task=pay, actor=people["finance"], proof={"payment_no": "TK-9", "paid": "59.00"})
    do(run, people["logistics"], 1)
    transitions.solve(ticket=complaint, actor=agent)
    run_consumers()
    run.refresh_from_db()
    assert run.step == "close"
    labels = [(part.label, part.done, part.current) for part in public_steps(complaint)]
    assert labels[0] == ("受理", True, False)
    assert labels[-1] == ("完成", False, True)
    transitions.close(ticket=complaint, actor=agent)
    run_consumers()
    run.refresh_from_db()
    assert run.step == "visit"
    running.follow(run=run, facts={"visited": True})
    run.refresh_from_db()
    assert (run.state, run.next_due_at) == ("done", None)


@pytest.mark.capability("C07")
def test_the_raci_table_of_the_category_names_the_department(
    make_ticket: MakeTicket, agent: User, people: dict[str, User], frozen: Any, supervisor: User
) -> None:
    following.ensure_built_in()
    procedure = Procedure.objects.get(key="complaint")
    assert templates.duty_for(procedure, "物流配送问题", "investigate").responsible.key == "logistics"  # type: ignore[union-attr]
    assert templates.duty_for(procedure, "别的", "investigate").responsible.key == "product"  # type: ignore[union-attr]
    rows = {row.key: row for row in Department.objects.all()}
    values = {"procedure": procedure, "category": "发票", "step": "investigate", "responsible": rows["finance"]}
    templates.save_duty(duty=None, actor=supervisor, values=values)
    with pytest.raises(InvalidInput, match="没有步骤“sing”"):
        templates.save_duty(duty=None, actor=supervisor, values=values | {"step": "sing"})
    with pytest.raises(NotAllowed):
        templates.save_duty(duty=None, actor=agent, values=values)
    ticket = make_ticket("发票开错了，我要投诉", type="complaint", category="发票")
    run = run_of(ticket)
    owner = Ticket.objects.get(pk=ticket.pk).assignee or agent
    conversation.reply(ticket=ticket, actor=owner, body="抱歉，今天答复您。")
    do(run, owner, 2)
    do(run, owner, 1)
    run.refresh_from_db()
    assert (run.step, running.current(run).department.key) == ("investigate", "finance")


@pytest.mark.capability("C07")
def test_a_department_with_nobody_alarms_instead_of_stalling(complaint: Ticket, agent: User, supervisor: User) -> None:
    run = run_of(complaint)
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天答复您。")
    do(run, agent, 2)
    do(run, agent, 1)
    run.refresh_from_db()
    main = running.open_main(run)
    assert main is not None
    assert (run.step, main.department.key) == ("investigate", "product")
    assert main.unstaffed_at is not None
    assert run.next_due_at is not None
    told = set(Notice.objects.filter(kind="task_unstaffed").values_list("user__username", flat=True))
    assert {"agent", "supervisor"} <= told
    product = Department.objects.get(key="product")
    helper = UserFactory(username="tester")
    departments.save_department(department=product, actor=supervisor, values={}, members=[helper])
    main.refresh_from_db()
    assert main.unstaffed_at is None
    helper.is_active = False
    helper.save(update_fields=["is_active"])
    assert giving.look_for_people() == 1
    assert giving.look_for_people() == 0


@pytest.mark.capability("C07")
def test_a_task_is_finished_by_its_department_and_nobody_else(
    complaint: Ticket, agent: User, agent2: User, people: dict[str, User]
) -> None:
    run = run_of(complaint)
    do(run, agent2, 2)  # a colleague of the desk who sees the ticket
    do(run, agent, 1)
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天答复您。")
    run_consumers()
    run.refresh_from_db()
    main = running.open_main(run)
    assert main is not None
    for stranger in (agent, people["finance"]):
        with pytest.raises(NotAllowed, match="这是产品的任务"):
            tasks.complete(task=main, actor=stranger, proof={"cause": "x", "liability": "seller"})
    seen: Any = ProcedureTask.objects
    assert main in seen.visible_to(people["product"])
    assert main not in seen.visible_to(people["finance"])
    assert main in seen.visible_to(agent)


@pytest.mark.capability("C08")
def test_returning_twice_between_departments_is_ping_pong(
    complaint: Ticket, agent: User, people: dict[str, User], supervisor: User
) -> None:
    run = run_of(complaint)
    conversation.reply(ticket=complaint, actor=agent, body="抱歉，今天答复您。")
    do(run, agent, 2)
    do(run, agent, 1)
    run.refresh_from_db()
    main = running.open_main(run)
    assert main is not None
    with pytest.raises(InvalidInput, match="请填写原因"):
        tasks.give_back(task=main, actor=people["product"], reason=" ")
    back = tasks.give_back(task=main, actor=people["product"], reason="没有照片")
    assert (back.department.key, back.assignee) == ("service", agent)
    product = Department.objects.get(key="product")
    again = tasks.pass_on(task=back, actor=agent, department=product, reason="照片已补")
    run.refresh_from_db()
    assert run.return_count == 2
    assert again.department.key == "product"
    assert Notice.objects.filter(kind="task_returned").exists()


def test_a_late_task_is_told_at_its_moment_and_not_before(complaint: Ticket, agent: User, frozen: Any) -> None:
    run = run_of(complaint)
    frozen.shift(timedelta(minutes=59, seconds=59))
    fire_due(now=clock.now())
    assert not Notice.objects.filter(kind="task_overdue").exists()
    frozen.shift(timedelta(seconds=1))
    fire_due(now=clock.now())
    fire_due(now=clock.now())
    assert Notice.objects.filter(kind="task_overdue", user=agent).count() == 1
    main = running.open_main(run)
    assert main is not None
    assert main.overdue_at == clock.now()


def test_sending_back_withdraws_open_tasks_and_begins_the_step_anew(
    complaint: Ticket, agent: User, people: dict[str, User]
) -> None:
    run = to_execution(complaint, agent, people, ["refund"])
    with pytest.raises(InvalidInput, match="前序步骤"):
        running.send_back(run=run, actor=agent, step="execute", reason="不行")
    back = running.send_back(run=run, actor=agent, step="propose", reason="客户不接受")
    assert (back.step, back.return_count) == ("propose", 1)
    assert [task.key for task in back.tasks.filter(state="open")] == ["propose"]
    assert back.steps.get(key="agree").state == "waiting"
    do(back, people["merchant"], 1, solution=["exchange"], promised_on="2026-11-21")
    assert ProcedureRun.objects.get(pk=run.pk).step == "agree"


@pytest.mark.capability("D13")
def test_a_running_instance_keeps_the_version_it_started_with(
    complaint: Ticket, agent: User, lead: User, supervisor: User, make_ticket: MakeTicket
) -> None:
    run = run_of(complaint)
    shorter = run.version.steps[:2]
    draft = templates.draft(procedure=run.procedure, actor=lead, steps=shorter, note="试行")
    versions.submit(version=draft, actor=lead)
    versions.approve(version=draft, actor=supervisor)
    versions.publish(version=draft, actor=supervisor)
    run.refresh_from_db()
    assert run.version.number == 1
    assert len(run.version.plan) == 10
    later = make_ticket("又碎了，投诉", type="complaint", external_id="later")
    assert run_of(later).version.number == 2
    with pytest.raises(InvalidInput, match="第 1 步：没有部门"):
        templates.draft(procedure=run.procedure, actor=lead, steps=[shorter[0] | {"department": "x"}])


@pytest.mark.capability("D13")
def test_the_refund_sop_skips_the_return_when_only_money_goes_back(
    complaint: Ticket, agent: User, people: dict[str, User]
) -> None:
    following.ensure_built_in()
    refund = Procedure.objects.select_related("live_version").get(key="refund")
    run = running.start(procedure=refund, subject_id=complaint.pk, actor=agent)
    with pytest.raises(Conflict, match="已在进行中"):
        running.start(procedure=refund, subject_id=complaint.pk, actor=agent)
    do(run, agent, 2, solution=["refund"], amount="59.00")
    run.refresh_from_db()
    assert run.step == "pay"
    assert set(run.steps.filter(state="skipped").values_list("key", flat=True)) == {"address", "receive"}
    assert run.next_due_at == clock.now() + timedelta(days=7)
    do(run, people["finance"], 0, payment_no="TK-1", paid="59.00")
    assert do(run, agent, 1).state == "done"


def test_the_run_follows_its_ticket_and_ends_with_it(complaint: Ticket, agent: User, agent2: User, lead: User) -> None:
    run = run_of(complaint)
    transitions.assign(ticket=complaint, actor=lead, assignee=agent2)
    run_consumers()
    run.refresh_from_db()
    main = running.open_main(run)
    assert main is not None
    assert (run.owner, main.assignee) == (agent2, agent2)
    editing.edit(ticket=complaint, actor=agent2, changes={"type": "consultation"})
    run_consumers()
    run.refresh_from_db()
    assert (run.state, run.end_reason) == ("cancelled", "已不是投诉")
    assert not run.tasks.filter(state="open").exists()
    editing.edit(ticket=complaint, actor=agent2, changes={"type": "complaint"})
    assert run_of(complaint).state == "running"


def test_the_sweep_starts_what_the_news_missed(complaint: Ticket) -> None:
    assert list(following.without_run()) == [complaint]
    assert following.sweep() == 1
    assert following.sweep() == 0
    assert list(following.without_run()) == []


def test_a_working_time_limit_follows_the_calendar(complaint: Ticket, agent: User, lead: User, desk: Any) -> None:
    step = {"key": "check", "title": "核对", "department": "service", "due": {"seconds": 3600, "clock": "working"}}
    made = templates.install(key="office", title="办公时间", steps=[step])
    made.calendar = desk.calendar
    made.save(update_fields=["calendar"])
    made = Procedure.objects.select_related("live_version").get(pk=made.pk)
    run = running.start(procedure=made, subject_id=complaint.pk, actor=agent)
    assert run.next_due_at == clock.now() + timedelta(hours=1)


@pytest.mark.capability("C21")
def test_promised_and_done_days_cost_and_verdict_stand_side_by_side(
    complaint: Ticket, agent: User, people: dict[str, User], supervisor: User, frozen: Any
) -> None:
    run = to_execution(complaint, agent, people, ["refund"])
    do(run, agent, 1, agreed="agreed")
    before = effect.effect_of(ProcedureRun.objects.select_related("procedure").get(pk=run.pk))
    assert before is not None
    assert (before.promised_amount, before.done_at, before.open_tasks) == (Decimal("59.00"), None, 2)
    frozen.shift(timedelta(days=6))
    pay = run.tasks.select_related("run", "step", "department").get(key="pay")
    tasks.complete(task=pay, actor=people["finance"], proof={"payment_no": "TK-9", "paid": "50.00"})
    do(run, people["logistics"], 1)
    running.follow(run=run, facts={"verdict": "unsatisfied", "score": 2})
    [found] = effect.effects_of(effect.executed_runs(supervisor)).values()
    assert (found.solution, found.paid, found.cost, found.days) == ("退款", Decimal("50.00"), Decimal("50.00"), 6)
    assert (found.is_late, found.is_short, found.verdict_text, found.score) == (True, True, "不满意", 2)
    shown = client_of(agent).get(f"/api/v1/complaints/{complaint.number}/effect/").json()
    assert [(one["paid"], one["is_late"], one["verdict"]) for one in shown] == [("50.00", True, "unsatisfied")]
    assert "晚于承诺" in text(browser(supervisor).get("/complaints/effects/"))
