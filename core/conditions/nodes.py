"""The parts of a checked rule, and what a single comparison means for a value at hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from core.conditions.fieldset import Field
from core.conditions.patterns import UserPattern

# Upper and lower case are one for A–Z only: the same in Python and in every database locale.
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
_FOLD = str.maketrans(UPPER, LOWER)

# These are the complements of the positive op beside them.
NEGATIVES = {"ne": "eq", "not_in": "in", "not_contains": "contains", "is_empty": "is_set"}


@dataclass(frozen=True)
class Always:
    """{}: every row."""


@dataclass(frozen=True)
class Group:
    """All or any of several rules."""

    word: Literal["all", "any"]
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Negation:
    part: "Node"


@dataclass(frozen=True)
class Comparison:
    """One field against one value. `value` is text, number, bool, moment, tuple or UserPattern."""

    field: Field
    op: str
    value: Any


Node = Always | Group | Negation | Comparison


def fold(text: str) -> str:
    """Text with A–Z in lower case."""
    return text.translate(_FOLD)


def holds(node: Node, facts: Mapping[str, Any], moment: datetime) -> bool:
    """Whether the rule is true of the facts at this moment. A missing fact is an empty one."""
    match node:
        case Always():
            return True
        case Group(word="all", parts=parts):
            return all(holds(part, facts, moment) for part in parts)
        case Group(parts=parts):
            return any(holds(part, facts, moment) for part in parts)
        case Negation(part=part):
            return not holds(part, facts, moment)
    actual = facts.get(node.field.name)
    positive = NEGATIVES.get(node.op)
    if positive:
        return not _is_true(node.field, positive, node.value, actual, moment)
    return _is_true(node.field, node.op, node.value, actual, moment)


def _is_true(field: Field, op: str, value: Any, actual: Any, moment: datetime) -> bool:
    if field.kind == "set":
        return _is_true_of_set(op, value, {str(member) for member in actual or ()})
    if actual is None or (op == "is_set" and actual == ""):
        return False
    if op == "is_set":
        return True
    match field.kind:
        case "text" | "choice":
            return _is_true_of_text(op, value, str(actual))
        case "number":
            return _compare(op, _number(actual), value)
        case "boolean":
            return bool(actual) == value
    if op == "within_days":
        earliest, latest = window(value, moment)
        return bool(earliest <= actual <= latest)
    return _compare(op, actual, value)


def _is_true_of_set(op: str, value: Any, members: set[str]) -> bool:
    match op:
        case "is_set":
            return bool(members)
        case "contains":
            return value in members
    return not members.isdisjoint(value)


def _is_true_of_text(op: str, value: Any, actual: str) -> bool:
    match op:
        case "eq":
            return bool(actual == value)
        case "in":
            return actual in value
        case "contains":
            return fold(value) in fold(actual)
    pattern: UserPattern = value
    return pattern.found_in(actual)


def _compare(op: str, actual: Any, value: Any) -> bool:
    match op:
        case "eq":
            return bool(actual == value)
        case "in":
            return actual in value
        case "lt":
            return bool(actual < value)
        case "lte":
            return bool(actual <= value)
        case "gt":
            return bool(actual > value)
    return bool(actual >= value)


def _number(actual: Any) -> Decimal:
    """Numbers are compared as they are written: 0.1 is 0.1 whether a column is a float or a decimal."""
    return actual if isinstance(actual, Decimal) else Decimal(str(actual))


def window(days: Decimal, moment: datetime) -> tuple[datetime, datetime]:
    """The last `days` days up to the moment; for a negative number the coming ones."""
    edge = moment - timedelta(days=float(days))
    return min(edge, moment), max(edge, moment)


def comparisons(node: Node) -> Iterable[Comparison]:
    """Every comparison of a rule, from left to right."""
    match node:
        case Comparison():
            yield node
        case Group(parts=parts):
            for part in parts:
                yield from comparisons(part)
        case Negation(part=part):
            yield from comparisons(part)
