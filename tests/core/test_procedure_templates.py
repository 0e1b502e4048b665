"""The form of a procedure's steps, and the proofs that are handed in: what is wrong is said by place."""

from copy import deepcopy
from typing import Any

import pytest

from core.conditions import Field, FieldSet
from core.errors import InvalidInput
from core.procedures import proofs, template, writing
from core.procedures.services import departments
from core.procedures.template import Proof
from tickets.procedures.complaint import BUILT_IN
from tickets.procedures.facts import PROCEDURE_FIELDS

pytestmark = [pytest.mark.capability("C06"), pytest.mark.capability("D13")]

FIELDS = FieldSet([Field("category", "text", "分类", "category")])
DEPARTMENTS = {"service": "客服", "finance": "财务"}
STEP: dict[str, Any] = {
    "key": "check",
    "title": "核对",
    "department": "service",
    "due": {"seconds": 7200},
    "checklist": [{"key": "c1", "text": "订单已核对"}],
    "proof": [{"key": "amount", "label": "金额", "kind": "money"}],
}


def faults(*changes: dict[str, Any]) -> list[str]:
    raw = [deepcopy(STEP) | change for change in changes]
    return template.problems(raw, departments=DEPARTMENTS, fields=FIELDS)


def test_a_good_template_has_no_faults_and_reads_back() -> None:
    assert faults({}) == []
    step = template.read_steps([STEP])[0]
    assert (step.due.seconds, step.due.clock, step.checklist[0].required) == (7200, "natural", True)


def test_a_step_is_told_whole_and_in_words() -> None:
    rule = {"field": "category", "op": "eq", "value": "质量"}
    task = {"key": "pay", "title": "退款", "department": "finance", "due": {"seconds": 86400, "clock": "working"}}
    choices = [["o1", "错发"], ["o2", "少发"]]
    proof = [{"key": "p1", "label": "原因", "kind": "choice", "choices": choices, "required": False}]
    task |= {"when": rule, "proof": proof}
    more = {"instructions": "看照片", "tasks": [task], "leave": rule, "public": "核对中", "auto": True}
    assert writing.described([STEP, STEP | more], DEPARTMENTS, FIELDS).splitlines() == [
        "1. 核对（客服，2 小时）",
        "   ☑ 订单已核对",
        "   凭证：金额 (amount) | 金额",
        "2. 核对（客服，2 小时）",
        "   看照片",
        "   离开条件：分类 是 “质量”",
        "   ☑ 订单已核对",
        "   凭证：金额 (amount) | 金额",
        "   → 退款（财务，1 天（工作时间））",
        "      进入条件：分类 是 “质量”",
        "      凭证：原因 | 单选 | 错发、少发 | 选填",
        "   顾客看到：核对中",
        "   能进入下一步时自动进入。",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"department": "nobody"}, "没有部门“nobody”"),
        ({"department": ["service"]}, "没有部门"),
        ({"due": {"seconds": 59}}, "1 分钟到 366 天"),
        ({"due": {"seconds": True}}, "1 分钟到 366 天"),
        ({"due": None}, "1 分钟到 366 天"),
        ({"due": {"seconds": 60, "clock": "lunar"}}, "natural 或 working"),
        ({"due": {"seconds": 60, "minutes": 5}}, "未知字段：due.minutes"),
        ({"title": " "}, "title"),
        ({"title": "\x00"}, "title"),
        ({"key": "Check"}, "小写字母"),
        ({"key": 7}, "小写字母"),
        ({"colour": "red"}, "未知字段：colour"),
        ({"when": {"field": "mood", "op": "eq", "value": 1}}, "when"),
        ({"leave": "soon"}, "leave"),
        ({"auto": "yes"}, "auto"),
        ({"checklist": "all"}, "checklist"),
        ({"checklist": [{"key": "c1", "text": "甲"}, {"key": "c1", "text": "乙"}]}, "重复"),
        ({"checklist": ["甲"]}, "须为对象"),
        ({"proof": [{"key": "a", "label": "甲", "kind": "song"}]}, "kind"),
        ({"proof": [{"key": "a", "label": "甲", "kind": "choice"}]}, "choices"),
        ({"proof": [{"key": "a", "label": "甲", "choices": [["x"]]}]}, "choices"),
        ({"tasks": [{"key": "pay", "title": "打款", "department": "bank", "due": {"seconds": 60}}]}, "没有部门“bank”"),
    ],
)
def test_a_fault_is_named_with_its_place(change: dict[str, Any], told: str) -> None:
    found = faults({}, change | {"key": change.get("key", "second")})
    assert found
    assert all(one.startswith("第 2 步") for one in found), found
    assert any(told in one for one in found), found


def test_steps_of_the_same_key_and_empty_templates_are_refused() -> None:
    assert any("重复" in one for one in faults({}, {}))
    assert template.problems([], departments=DEPARTMENTS, fields=FIELDS)
    assert template.problems({"steps": []}, departments=DEPARTMENTS, fields=FIELDS)


def test_the_built_in_procedures_are_well_formed() -> None:
    known = dict(departments.BUILT_IN)
    for _key, _title, steps, duties in BUILT_IN:
        assert template.problems(steps, departments=known, fields=PROCEDURE_FIELDS) == []
        keys = {step["key"] for step in steps}
        assert all(line["step"] in keys and line["responsible"] in known for line in duties)
    complaint = template.read_steps(BUILT_IN[0][2])
    assert [step.key for step in complaint] == [
        "intake", "classify", "first_response", "investigate", "propose", "agree", "execute", "confirm", "close",
        "visit",
    ]  # fmt: skip


PROOFS = (
    Proof("no", "流水号"),
    Proof("amount", "金额", "money", required=False),
    Proof("on", "日期", "date", required=False),
    Proof("way", "方式", "choice", required=False, choices=(("a", "甲"), ("b", "乙"))),
    Proof("ways", "方案", "choices", required=False, choices=(("a", "甲"), ("b", "乙"))),
)


def test_proofs_are_kept_in_one_form_and_shown_in_words() -> None:
    given = {"no": " TK-1 ", "amount": "59", "on": "2026-11-30", "way": "b", "ways": ["b", "a"]}
    values = proofs.checked(PROOFS, given)
    assert values == {"no": "TK-1", "amount": "59.00", "on": "2026-11-30", "way": "b", "ways": ["a", "b"]}
    assert proofs.unpacked(proofs.packed(values)) == values
    assert dict(proofs.shown(PROOFS, values))["方案"] == "甲、乙"
    assert "no" not in proofs.plain(PROOFS, values)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "proof.no"),
        ({"no": "  "}, "proof.no"),
        ({"no": "x" * 1001}, "proof.no"),
        ({"no": 5}, "proof.no"),
        ({"no": "\ud800"}, "proof.no"),
        ({"no": "1", "amount": "-1"}, "proof.amount"),
        ({"no": "1", "amount": "1.005"}, "proof.amount"),
        ({"no": "1", "amount": "NaN"}, "proof.amount"),
        ({"no": "1", "amount": "1e30"}, "proof.amount"),
        ({"no": "1", "on": "2026-02-30"}, "proof.on"),
        ({"no": "1", "way": "c"}, "proof.way"),
        ({"no": "1", "ways": ["a", {}]}, "proof.ways"),
        ({"no": "1", "other": "x"}, "other"),
    ],
)
def test_a_missing_or_wrong_proof_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        proofs.checked(PROOFS, given)
    assert any(field in name for name in refused.value.fields), refused.value.fields
