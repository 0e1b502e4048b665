"""Which trees can be used (D17): pure."""

from typing import Any

import pytest

from knowledge.diagnosis.tree import faults, parse, problems, stored
from tests.products import STEPS

pytestmark = pytest.mark.capability("D17")


def ask(key: str, *to: str) -> dict[str, Any]:
    return {"key": key, "text": f"问{key}", "choices": [{"answer": f"答{one}", "to": one} for one in to]}


def end(key: str) -> dict[str, Any]:
    return {"key": key, "text": "结论", "outcome": "repair"}


def test_a_tree_without_fault_is_kept_as_it_was() -> None:
    assert problems(STEPS) == []
    assert faults(parse(STEPS)) == []
    assert stored(parse(STEPS)) == STEPS


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([], "至少"),
        ([ask("1", "2", "3"), end("2"), {"key": "3", "text": "然后呢"}], "步骤 3 走不下去"),
        ([ask("1", "2", "2a"), end("2"), ask("2a", "2")], "步骤 2a 走不下去"),
        ([ask("1", "2", "9"), end("2")], "转到不存在的步骤 9"),
        ([ask("1", "2", "3"), ask("2", "3", "1"), end("3")], "步骤 1 会回到自己：1 → 2 → 1"),
        ([ask("1", "1", "2"), end("2")], "步骤 1 会回到自己：1 → 1"),
        ([ask("1", "2", "3"), end("2"), end("3"), end("4")], "步骤 4 走不到"),
        ([ask("1", "2", "3"), {**end("2"), "choices": ask("2", "3")["choices"]}, end("3")], "步骤 2 是结论"),
        ([{**ask("1", "2", "3"), "choices": ask("1", "2", "2")["choices"]}, end("2"), end("3")], "两个相同的回答"),
    ],
)
def test_dead_ends_circles_and_steps_nobody_comes_to_are_named(steps: list[dict[str, Any]], named: str) -> None:
    assert any(named in sentence for sentence in faults(parse(steps)))


def test_a_step_that_two_ways_lead_to_is_no_circle() -> None:
    assert faults(parse([ask("1", "2", "3"), ask("2", "3", "4"), ask("3", "4", "5"), end("4"), end("5")])) == []


def test_a_long_chain_is_walked_without_recursion() -> None:
    chain = [ask(str(n), str(n + 1), "e") for n in range(1, 59)] + [end("59"), end("e")]
    assert faults(parse(chain)) == []


@pytest.mark.parametrize(
    "steps",
    [
        "不是列表",
        [1],
        [{"key": "1"}],
        [{"key": "1", "text": "问", "outcome": "nirvana"}],
        [{"key": "1", "text": "问", "choices": [{"answer": "能"}]}],
        [{"key": " 1", "text": "问"}],
        [{"key": "1", "text": "问\x00"}],
        [end("1"), end("1")],
        [end(str(n)) for n in range(61)],
    ],
)
def test_steps_of_a_wrong_form_are_not_even_a_draft(steps: Any) -> None:
    assert problems(steps)
