"""Rules in forms: what is offered, what is kept, what is told."""

import json
from typing import Any

import pytest
from django import forms
from django.utils import translation
from django.utils.html import escape

from core.conditions import Field, FieldSet
from core.conditions.forms import MOST_CHARACTERS, ConditionField, vocabulary
from core.conditions.wording import op_label

FIELDS = FieldSet(
    [
        Field("kind", "choice", "类型", "kind", choices=[("a", "甲类"), ("b", "乙类")]),
        Field("amount", "number", "金额", "amount"),
        Field("shop", "text", "店铺", "shop", suggest=lambda: [("s1", "旗舰店")]),
    ]
)


class RuleForm(forms.Form):
    rule = ConditionField(FIELDS, label="条件")


def faults(text: str) -> list[str]:
    form = RuleForm({"rule": text})
    return [] if form.is_valid() else form.errors["rule"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", {}),
        ("{}", {}),
        ("null", {}),
        ('{"field": "amount", "op": "gt", "value": 9.5}', {"field": "amount", "op": "gt", "value": 9.5}),
        ('{"field": "shop", "op": "eq", "value": "s9"}', {"field": "shop", "op": "eq", "value": "s9"}),
    ],
)
def test_a_rule_is_kept_as_it_was_given_and_nothing_is_every_row(text: str, rule: dict[str, Any]) -> None:
    form = RuleForm({"rule": text})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["rule"] == rule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "JSON"),
        ("[" * 5000, "JSON"),
        ("7", "须为对象"),
        ('{"field": "amount", "op": "gt", "value": null}', "金额：须为数字。"),
        ('{"field": "amount", "op": "gt", "value": NaN}', "NaN"),
        ('{"field": "amount", "op": "gt", "value": 1e400}', "数字超出范围"),
        ('{"field": "amount", "op": "gt", "value": ' + "9" * 5000 + "}", "JSON"),
        ('{"field": "kind", "field": "shop", "op": "is_set"}', "field：同一字段出现了多次"),
        ('{"field": "shop", "op": "eq", "value": "\\u0000"}', "不允许的字符"),
        ('{"field": ["shop"], "op": "eq", "value": "s1"}', "field：未知的字段"),
        ("[]", "须为对象"),
        ("false", "须为对象"),
        ('""', "须为对象"),
        ('{"any": [{"field": "kind", "op": "in", "value": ["a", "c"]}]}', "类型：没有 c 这个选项"),
        ('{"not": {"field": "moon", "op": "eq", "value": 1}}', "not.field：未知的字段 moon"),
        ('{"all": 3}', "all：须为条件的列表。"),
        (" " * (MOST_CHARACTERS + 1), str(MOST_CHARACTERS)),
    ],
)
def test_every_fault_is_told_at_the_field_it_is_about(text: str, told: str) -> None:
    (found,) = faults(text)
    assert told in found


def test_what_was_typed_stays_and_an_empty_rule_is_shown_empty() -> None:
    for typed in ('{"field": 3', "[" * 5000, "9" * 5000, "null"):
        assert f">\n{escape(typed)}<" in str(RuleForm({"rule": typed})["rule"])
    assert RuleForm()["rule"].value() == ""
    assert RuleForm(initial={"rule": {}})["rule"].value() == ""
    assert json.dumps("甲类")[1:-1] in str(
        RuleForm(initial={"rule": {"field": "kind", "op": "eq", "value": "a"}})["rule"]
    )


def test_the_builder_is_offered_fields_operators_and_values_in_words() -> None:
    offered = vocabulary(FIELDS)
    kind, amount, shop = offered["fields"]
    assert (kind["choices"], amount["choices"]) == ([("a", "甲类"), ("b", "乙类")], None)
    assert (shop["suggest"], amount["suggest"]) == ([["s1", "旗舰店"]], [])
    assert ["gte", "不小于"] in offered["ops"]["number"]
    assert (op_label("moment", "gte"), op_label("choice", "in")) == ("不早于", "是 … 之一")
    assert op_label("moment", "within_days") == "在最近 … 天内"
    with translation.override("en"):
        assert (op_label("number", "lt"), op_label("set", "in")) == ("is less than", "contains one of")
