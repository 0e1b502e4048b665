"""Procedures are written as cards: read back as they were, checked beside the field, published by somebody else."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from core.errors import InvalidInput
from core.procedures import template, writing
from core.procedures.models import Procedure
from crm.staff.models import User
from crm.workbench.library.procedure_forms import ProcedureDraftForm
from tests.workbench.conftest import browser, text
from tickets.procedures.complaint import BUILT_IN, COMPLAINT
from tickets.procedures.following import ensure_built_in

C06 = pytest.mark.capability("C06")


@C06
@pytest.mark.parametrize("steps", [steps for _key, _title, steps, _duties in BUILT_IN])
def test_lists_written_as_lines_are_read_back_as_they_were(steps: list[dict[str, Any]]) -> None:
    for step in steps:
        items, proofs = step.get("checklist") or [], step.get("proof") or []
        read = writing.read_checklist(writing.checklist_text(items))
        assert read == [{"required": True, **item} for item in items]
        again = writing.read_proofs(writing.proofs_text(proofs))
        whole = [{"kind": "text", "required": True, **proof} for proof in proofs]
        assert [{**one, "choices": one.get("choices", [])} for one in again] == [
            {**one, "choices": [list(pair) for pair in one.get("choices", [])]} for one in whole
        ]


@C06
def test_lines_as_people_write_them() -> None:
    assert writing.read_checklist("订单已核对\n（选填）已拍照\n\n") == [
        {"key": "c1", "text": "订单已核对", "required": True},
        {"key": "c2", "text": "已拍照", "required": False},
    ]
    [proof] = writing.read_proofs("责任方 (liability)｜单选｜商家 (seller)、物流 | 选填")
    assert proof == {
        "key": "liability", "label": "责任方", "kind": "choice", "required": False,
        "choices": [["seller", "商家"], ["o2", "物流"]],
    }  # fmt: skip
    with pytest.raises(writing.Unreadable, match="第 2 行"):
        writing.read_proofs("金额 | 金额\n照片 | 录像")


@pytest.fixture
def sop(db: None) -> Procedure:
    ensure_built_in()
    return Procedure.objects.select_related("live_version").get(key=COMPLAINT)


def posted(client: Client, path: str) -> dict[str, Any]:
    """What the form of the page would send back unchanged."""
    form = client.get(path).context["draft_form"]
    return {name: "" if (value := form[name].value()) is None else value for name in form.fields}


@C06
def test_the_complaint_sop_survives_the_form_unchanged(sop: Procedure, lead: User) -> None:
    initial = ProcedureDraftForm.initial_of(sop.live_version)
    blank = ProcedureDraftForm(None, initial=dict(initial))
    data = {name: blank[name].value() for name in blank.fields}
    form = ProcedureDraftForm({name: value for name, value in data.items() if value is not None}, initial=initial)
    assert form.is_valid(), form.errors
    assert template.read_steps(form.changes(title="x")["steps"]) == sop.live_version.plan


@C06
def test_a_step_is_moved_and_added_and_somebody_else_publishes(sop: Procedure, lead: User, supervisor: User) -> None:
    client = browser(lead)
    path = f"/procedures/{sop.pk}/draft/"
    data = posted(client, path)
    last = len(sop.live_version.plan)
    assert f"step_title_{last}" in data
    data |= {
        "step_order_1": "1", "step_order_0": "2", "note": "先分类",
        f"step_title_{last}": "复盘", f"step_due_{last}": "2", f"step_unit_{last}": "86400",
        f"step_checklist_{last}": "原因已归档", f"step_order_{last}": "99",
    }  # fmt: skip
    answer = client.post(path, data)
    assert answer.status_code == 302, text(answer, 422)
    version = sop.versions.get(number=2)
    titles = [step.title for step in version.plan]
    old = [step.title for step in sop.live_version.plan]
    assert titles == [old[1], old[0], *old[2:], "复盘"]
    assert version.plan[-1].due.seconds == 2 * 86400
    diff = text(client.get(f"/procedures/{sop.pk}/?version=2&against=1"))
    assert "<ins>" in diff
    assert "复盘" in diff
    client.post(f"/procedures/{sop.pk}/versions/2/submit/")
    head = browser(supervisor)
    head.post(f"/procedures/{sop.pk}/versions/2/approve/")
    head.post(f"/procedures/{sop.pk}/versions/2/publish/")
    sop.refresh_from_db()
    assert sop.live_version_id == version.pk


@C06
def test_a_comparison_says_in_words_what_changed(sop: Procedure, lead: User) -> None:
    client = browser(lead)
    data = posted(client, f"/procedures/{sop.pk}/draft/")
    rule = '{"field": "priority", "op": "eq", "value": "urgent"}'
    data |= {
        "step_public_1": "已看过照片", "task_title_1_0": "称重", "task_due_1_0": "2", "task_unit_1_0": "3600",
        "task_department_1_0": "warehouse", "task_proof_1_0": "重量", "task_when_1_0": rule,
    }  # fmt: skip
    answer = client.post(f"/procedures/{sop.pk}/draft/", data)
    assert answer.status_code == 302, text(answer, 422)
    page = text(client.get(f"/procedures/{sop.pk}/?version=2&against=1"))
    told = [re.sub(r"\s+", " ", words) for words in re.findall("<ins>(.*?)</ins>", page, re.DOTALL)]
    assert told == [" → 称重（仓库，2 小时） 进入条件：优先级 是 紧急 凭证：重量 ", "已看过照片"]


@C06
@pytest.mark.parametrize(("language", "sentence"), [("zh-hans", "第 12 步：有误"), ("en", "Step 12: wrong")])
def test_a_fault_stands_at_its_card_in_every_language(db: None, language: str, sentence: str) -> None:
    steps = [{"key": f"s{n}", "title": f"{n}", "department": "service", "due": {"seconds": 60}} for n in range(1, 13)]
    with translation.override(language):
        blank = ProcedureDraftForm(None, initial={"title": "x", "steps": list(steps)})
        data = {name: value for name in blank.fields if (value := blank[name].value()) is not None}
        form = ProcedureDraftForm(data | {"step_order_0": "99"}, initial={"steps": list(steps)})
        assert form.is_valid(), form.errors
        form.add_domain_error(InvalidInput("", fields={"steps": [sentence]}))
    assert list(form.errors) == ["step_title_0"]  # the first card was moved to the end


@C06
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(sop: Procedure, lead: User) -> None:
    client = browser(lead)
    path = f"/procedures/{sop.pk}/draft/"
    data = posted(client, path)
    for proofs, told in (
        ("照片 | 录像", "读不懂"),
        ("责任 | 单选", "须列出"),
        ("金额 | 金额 | 甲、乙", "没有选项"),
    ):
        answer = client.post(path, data | {"step_proof_0": proofs})
        assert told in str(answer.context["draft_form"].errors["step_proof_0"])
    wrong = data | {"step_proof_0": "照片 | 录像", "step_leave_1": "{", "step_title_2": "改过的名字"}
    answer = client.post(path, wrong)
    assert answer.status_code == 422
    errors = answer.context["draft_form"].errors
    assert {"step_proof_0", "step_leave_1"} <= set(errors)
    assert "改过的名字" in answer.content.decode()
    unknown = data | {"step_leave_1": '{"field": "nonsense", "op": "eq", "value": 1}'}
    answer = client.post(path, unknown)
    assert "step_leave_1" in answer.context["draft_form"].errors
    assert "nonsense" in answer.content.decode()
    answer = client.post(
        path, data | {"task_title_0_0": "核对库存", "task_due_0_0": "0", "task_department_0_0": "moon"}
    )
    assert {"task_due_0_0", "task_department_0_0"} <= set(answer.context["draft_form"].errors)
    for days, fits in (("366", True), ("367", False)):
        answer = client.post(path, wrong | {"step_due_2": days, "step_unit_2": "86400"})
        assert ("step_due_2" in answer.context["draft_form"].errors) is not fits
    empty = {name: "" if name.startswith("step_title_") else value for name, value in data.items()}
    assert client.post(path, empty).status_code == 422
    assert sop.versions.count() == 1


@C06
def test_pages_are_for_who_may_manage_procedures(sop: Procedure, agent: User, lead: User) -> None:
    assert "流程模板" in text(browser(lead).get("/procedures/"))
    assert "流程模板" in text(browser(lead).get("/tasks/"))
    assert browser(agent).get(f"/procedures/{sop.pk}/draft/").status_code == 403
    shown = text(browser(lead).get(f"/procedures/{sop.pk}/"))
    assert "离开条件" in shown
    new = text(browser(lead).get("/procedures/new/"))
    assert "第 1 步" in new


@C06
@pytest.mark.parametrize("rule", ["[" * 3000, '{"field": "complaint", "op": "eq", "value": NaN}', "Infinity", '"全部"'])
def test_what_is_no_rule_is_told_beside_the_field(sop: Procedure, rule: str) -> None:
    form = ProcedureDraftForm({"title": "流程", "step_title_0": "核实", "step_leave_0": rule})
    assert not form.is_valid()
    assert form.errors["step_leave_0"]


@C06
def test_a_task_for_another_department_is_added_and_left_out_again(sop: Procedure, lead: User) -> None:
    client = browser(lead)
    path = f"/procedures/{sop.pk}/draft/"
    data = posted(client, path) | {
        "task_title_0_0": "核对批次", "task_department_0_0": "warehouse", "task_due_0_0": "2",
        "task_unit_0_0": "3600", "task_clock_0_0": "working", "task_proof_0_0": "批次号",
        "task_when_0_0": '{"field": "type", "op": "eq", "value": "complaint"}',
        "step_auto_0": "on", "step_public_0": "正在核实", "step_leave_0": "", "note": "加任务",
    }  # fmt: skip
    answer = client.post(path, data)
    assert answer.status_code == 302, text(answer, 422)
    step = sop.versions.get(number=2).plan[0]
    (task,) = [one for one in step.tasks if one.title == "核对批次"]
    assert (task.department, task.due.seconds, task.due.clock) == ("warehouse", 7200, "working")
    assert (task.proof[0].label, task.when["value"], step.auto, step.public) == (
        "批次号",
        "complaint",
        True,
        "正在核实",
    )
    data = posted(client, path)
    data = {name: "" if value == "核对批次" else value for name, value in data.items()} | {"note": "去掉任务"}
    assert client.post(path, data).status_code == 302
    assert "核对批次" not in str(sop.versions.order_by("number").last().steps)
