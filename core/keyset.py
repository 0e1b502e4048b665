"""Pages of a list whose cost does not grow with depth: "rows after the last one shown".

The cursor holds the ordering values of a row. A page is an index range from there, never an
offset, never a count. A nullable first column (`next_due_at`) sorts its empty values last in
both directions; its two parts are read as two index ranges, so plain indexes serve.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import DateTimeField, Field, ForeignKey, Model, Q, QuerySet

from core.text import unstorable

Row = TypeVar("Row", bound=Model)
_MAX_CURSOR = 1000


class BadCursor(ValueError):
    """The cursor was not made by this list in this order."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page: its rows, and the cursors of its neighbours where there are any."""

    rows: list[Row]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class _Column:
    name: str
    descending: bool
    field: "Field[Any, Any] | None"
    nullable: bool

    def value_of(self, row: Model) -> Any:
        found: Any = row
        for part in self.name.split("__"):
            found = None if found is None else getattr(found, part)
        return found

    def beyond(self, value: Any, *, backward: bool, inclusive: bool = False) -> Q:
        word = "lt" if self.descending != backward else "gt"
        return Q(**{f"{self.name}__{word}{'e' if inclusive else ''}": value})

    def order(self, *, backward: bool) -> str:
        return f"-{self.name}" if self.descending != backward else self.name


@dataclass(frozen=True)
class _Position:
    values: tuple[Any, ...]
    backward: bool


def read_page(queryset: QuerySet[Row], *, ordering: Sequence[str], cursor: str | None, size: int) -> Page[Row]:
    """The page of at most `size` rows at `cursor` (the first one for None).

    `ordering` are field names as for order_by; `id` is added when it is missing. Only the first
    field may be nullable. Raises BadCursor.
    """
    columns = _columns(queryset, ordering)
    tag = _tag(columns)
    position = _decode(cursor, columns, tag) if cursor else None
    backward = position is not None and position.backward
    rows = _read(queryset, columns, position, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    if backward:
        rows.reverse()

    def link(row: Row, *, to_previous: bool) -> str:
        return _encode(tag, to_previous, tuple(column.value_of(row) for column in columns))

    has_next = more if not backward else True
    has_previous = more if backward else position is not None
    return Page(
        rows,
        next=link(rows[-1], to_previous=False) if rows and has_next else None,
        previous=link(rows[0], to_previous=True) if rows and has_previous else None,
    )


def _columns(queryset: QuerySet[Any], ordering: Sequence[str]) -> list[_Column]:
    names = [name.lstrip("-") for name in ordering]
    words = list(ordering) if "id" in names else [*ordering, "-id" if ordering[0].startswith("-") else "id"]
    columns = [_column(queryset, word) for word in words]
    if any(column.nullable for column in columns[1:]):
        raise ValueError(f"Only the first field of an ordering may be nullable: {words}")
    return columns


def _column(queryset: QuerySet[Any], word: str) -> _Column:
    name = word.lstrip("-")
    if name in queryset.query.annotations:
        return _Column(name, word.startswith("-"), queryset.query.annotations[name].output_field, nullable=False)
    field: Any = None
    model: Any = queryset.model
    nullable = False
    for part in name.split("__"):
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist as error:
            raise ValueError(f"Cannot order {queryset.model.__name__} by {name}.") from error
        nullable = nullable or field.null
        model = field.related_model
    return _Column(name, word.startswith("-"), field, nullable)


def _read(queryset: QuerySet[Row], columns: list[_Column], position: _Position | None, limit: int) -> list[Row]:
    backward = position is not None and position.backward
    ordered = queryset.order_by(*(column.order(backward=backward) for column in columns))
    rows: list[Row] = []
    for part in _parts(columns, position):
        rows.extend(ordered.filter(part)[: limit - len(rows)])
        if len(rows) >= limit:
            break
    return rows


def _parts(columns: list[_Column], position: _Position | None) -> list[Q]:
    """The index ranges to read one after the other."""
    lead = columns[0]
    if not lead.nullable:
        return [Q()] if position is None else [_after(columns, position)]
    filled, empty = Q(**{f"{lead.name}__isnull": False}), Q(**{f"{lead.name}__isnull": True})
    if position is None:
        # Empty values come last. Read apart, each part has an index of its own however few are filled.
        return [filled, empty]
    if position.values[0] is not None:
        here = filled & _after(columns, position)
        return [here] if position.backward else [here, empty]
    here = empty & _after(columns[1:], _Position(position.values[1:], position.backward))
    return [here, filled] if position.backward else [here]


def _after(columns: list[_Column], position: _Position) -> Q:
    """Rows beyond the position. The first clause is implied by the rest; it is what an index can use."""
    values, backward = position.values, position.backward
    beyond = Q()
    equal = Q()
    for column, value in zip(columns, values, strict=True):
        beyond |= equal & column.beyond(value, backward=backward)
        equal &= Q(**{column.name: value})
    return columns[0].beyond(values[0], backward=backward, inclusive=True) & beyond


def _tag(columns: list[_Column]) -> str:
    words = ",".join(column.order(backward=False) for column in columns)
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def _encode(tag: str, backward: bool, values: tuple[Any, ...]) -> str:
    raw = json.dumps([tag, int(backward), [_plain(value) for value in values]], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def _decode(cursor: str, columns: list[_Column], tag: str) -> _Position:
    if len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise BadCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found_tag, backward, plain = json.loads(raw)
        if found_tag != tag or backward not in (0, 1) or len(plain) != len(columns):
            raise BadCursor
        values = tuple(_value(column, item) for column, item in zip(columns, plain, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError, InvalidOperation, binascii.Error, ValidationError):
        raise BadCursor from None
    return _Position(values, bool(backward))


def _value(column: _Column, plain: Any) -> Any:
    if plain is None:
        if not column.nullable:
            raise BadCursor
        return None
    if isinstance(plain, dict | list) or (isinstance(plain, str) and unstorable(plain)):
        raise BadCursor
    field = column.field.target_field if isinstance(column.field, ForeignKey) else column.field
    if isinstance(field, DateTimeField):
        moment = datetime.fromisoformat(plain)
        if moment.tzinfo is None:
            raise BadCursor
        return moment
    return field.to_python(plain) if field is not None else plain
