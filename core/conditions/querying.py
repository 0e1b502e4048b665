"""Rules as database filters.

Negations are pushed down to the single comparisons, where "not" also covers rows without a
value; so a filter and an evaluation of the same row never differ over NULL.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, CharField, DecimalField, F, Func, IntegerField, Q, TextField, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils.translation import gettext as _

from core.conditions.fieldset import Field
from core.conditions.nodes import LOWER, NEGATIVES, UPPER, Always, Comparison, Group, Negation, Node, fold, window
from core.conditions.patterns import UserPattern
from core.errors import InvalidInput

# An empty Q disappears from combinations; these two stay.
_EVERY_ROW = Q(pk__isnull=False)
_NO_ROW = Q(pk__in=())
_COMPARE = {"eq": Exact, "lt": LessThan, "lte": LessThanOrEqual, "gt": GreaterThan, "gte": GreaterThanOrEqual}


class NotQueryable(InvalidInput):
    """The rule asks about something that no column holds."""

    default_code = "not_queryable"


class _Matches(Func):
    """PostgreSQL's regular expression match."""

    output_field = BooleanField()
    template = "(%(expressions)s)"
    arg_joiner = " ~ "


class _MatchesAnyCase(_Matches):
    arg_joiner = " ~* "


def rows(node: Node, moment: datetime, *, negated: bool = False) -> Q:
    """The rows for which the node is true (false when negated)."""
    match node:
        case Always():
            return _NO_ROW if negated else _EVERY_ROW
        case Negation(part=part):
            return rows(part, moment, negated=not negated)
        case Group(word=word, parts=parts):
            together = (word == "all") != negated
            found = _EVERY_ROW if together else _NO_ROW
            for part in parts:
                one = rows(part, moment, negated=negated)
                found = found & one if together else found | one
            return found
    return _comparison(node, moment, negated=negated)


def _comparison(node: Comparison, moment: datetime, *, negated: bool) -> Q:
    lookup = node.field.lookup
    if lookup is None:
        message = _("“{field}”没有存为可查询的列，不能用于筛选。").format(field=node.field.label)
        raise NotQueryable(message, fields={"condition": [message]})
    op = NEGATIVES.get(node.op, node.op)
    negated = negated != (node.op in NEGATIVES)
    if node.field.kind == "set":
        found = _carrying(node.field, op, node.value)
        return ~found if negated else found
    path = str(lookup)
    found = _true_rows(node.field, path, op, node.value, moment)
    return Q(**{f"{path}__isnull": True}) | ~found if negated else found


def _true_rows(field: Field, path: str, op: str, value: Any, moment: datetime) -> Q:
    """Rows with a value for which the positive op is true; a row without one is in neither set."""
    if op == "is_set":
        filled = Q(**{f"{path}__isnull": False})
        return filled & ~Q(**{path: ""}) if field.kind in ("text", "choice") else filled
    match field.kind:
        case "text" | "choice":
            return _text_rows(path, op, value)
        case "boolean":
            return Q(**{path: value})
        case "number":
            return _number_rows(path, op, value)
    if op == "within_days":
        earliest, latest = window(value, moment)
        return Q(**{f"{path}__gte": earliest, f"{path}__lte": latest})
    return Q(**{path if op == "eq" else f"{path}__{op}": value})


def _text_rows(path: str, op: str, value: Any) -> Q:
    match op:
        case "eq":
            return Q(**{path: value})
        case "in":
            return Q(**{f"{path}__in": value})
        case "contains":
            folded = Func(F(path), Value(UPPER), Value(LOWER), function="translate", output_field=TextField())
            return Q(GreaterThan(StrIndex(folded, Value(fold(value))), 0))
    pattern: UserPattern = value
    operator = _MatchesAnyCase if pattern.ignores_case else _Matches
    return Q(operator(F(path), Value(pattern.postgres, output_field=CharField())))


def _number_rows(path: str, op: str, value: Any) -> Q:
    if op == "in":
        found = _NO_ROW
        for one in value:
            found |= _number_rows(path, "eq", one)
        return found
    return Q(_COMPARE[op](F(path), _number(value)))


def _number(value: Decimal) -> Value:
    # Whole numbers as such, so that an index on an integer column serves.
    if value == value.to_integral_value():
        return Value(int(value), output_field=IntegerField())
    return Value(value, output_field=DecimalField(max_digits=40, decimal_places=20))


def _carrying(field: Field, op: str, value: Any) -> Q:
    wanted = [] if op == "is_set" else [value] if op == "contains" else list(value)
    if callable(field.lookup):
        return field.lookup(wanted)
    path = str(field.lookup)
    if not wanted:
        return Q(**{f"{path}__isnull": False}) & ~Q(**{path: []})
    return Q(**{f"{path}__isnull": False}) & Q(**{f"{path}__overlap": wanted})
