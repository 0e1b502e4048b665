"""Placeholders are known, filled once, and never sent."""

import pytest

from core.errors import InvalidInput
from scripts_library import placeholders, steps
from scripts_library.placeholders import assert_sendable, find, is_edited, problems, render


def test_placeholders_are_found_once_and_in_order() -> None:
    assert find("{{order_no}} {{ customer_name }} {{order_no}} ｛｛amount｝｝") == [
        "order_no",
        "customer_name",
        "amount",
    ]


@pytest.mark.parametrize("text", ["{{客户姓名}}", "{{}}", "{{order_no}", "order_no}}", "{{a{{order_no}}"])
def test_unknown_and_broken_placeholders_are_named(text: str) -> None:
    assert problems(text)


@pytest.mark.parametrize("text", ["您好", "{{order_no}}", "一个 { 大括号 }", "{{ order_no }}，{{amount}}元"])
def test_texts_that_can_be_filled_have_no_problem(text: str) -> None:
    assert problems(text) == []


def test_rendering_fills_and_names_what_is_missing() -> None:
    rendered = render("{{customer_name}}您好，订单 {{order_no}}", {"customer_name": "陈女士", "order_no": ""})
    assert rendered.text == "陈女士您好，订单 {{order_no}}"
    assert rendered.missing == ["order_no"]


def test_a_value_is_never_searched_for_placeholders() -> None:
    rendered = render("{{customer_name}} {{order_no}}", {"customer_name": "{{order_no}}", "order_no": "88"})
    assert rendered.text == "{{order_no}} 88"


@pytest.mark.capability("G03")
@pytest.mark.parametrize("text", ["订单 {{order_no}}", "订单 ｛｛order_no｝｝", "{{ 随便 }}", "金额 {{amount"])
def test_a_text_with_an_unfilled_placeholder_is_never_sendable(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        assert_sendable(text)
    assert refused.value.code == "placeholder_unfilled"
    assert refused.value.extra["names"]


def test_ordinary_texts_are_sendable() -> None:
    assert_sendable("您好，已为您退款 12.50 元 {含运费}")


@pytest.mark.parametrize(
    ("sent", "edited"),
    [
        ("陈女士您好，订单 88 已退。", False),
        ("陈女士您好，订单 88 已退。 ", False),
        ("陈女士您好，订单 88 已退！", True),
        ("您好，订单  已退。", False),
        ("另：陈女士您好，已退。", True),
    ],
)
def test_filling_placeholders_is_no_edit(sent: str, edited: bool) -> None:
    assert is_edited("{{customer_name}}您好，订单 {{order_no}} 已退。", sent) is edited


def test_a_text_without_placeholders_is_edited_when_it_differs() -> None:
    assert not is_edited("您好", "您好\n")
    assert is_edited("您好", "您好呀")


def test_every_placeholder_has_a_label() -> None:
    assert all(str(label) for label in placeholders.PLACEHOLDERS.values())


@pytest.mark.capability("G03")
def test_steps_are_checked_like_bodies() -> None:
    good = [{"kind": "confirm", "text": "订单 {{order_no}} 对吗？"}, {"kind": "close", "text": "还有其他问题吗？"}]
    assert steps.problems(good) == []
    assert [step.label for step in steps.parse(good)] == ["确认问题", "确认结果"]
    for bad in ("x", [{"kind": "confirm"}], [{"kind": "?", "text": "a"}], [{"kind": "close", "text": "{{x}}"}]):
        assert steps.problems(bad)
