"""What a rule may ask about: fields with a kind, a label and a place in the database."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from django.db.models import Q
from django.utils.functional import Promise

Kind = Literal["text", "choice", "number", "boolean", "moment", "set"]
Choices = Sequence[tuple[str, str | Promise]]

# "Rows that carry any of these values"; for an empty list, rows that carry any value at all.
CarriesAny = Callable[[list[str]], Q]

_PRESENCE = ("is_set", "is_empty")
OPS_BY_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("eq", "ne", "in", "not_in", "contains", "not_contains", "matches", *_PRESENCE),
        "choice": ("eq", "ne", "in", "not_in", *_PRESENCE),
        "number": ("eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", *_PRESENCE),
        "boolean": ("eq", "ne", *_PRESENCE),
        "moment": ("eq", "ne", "lt", "lte", "gt", "gte", "within_days", *_PRESENCE),
        "set": ("contains", "not_contains", "in", "not_in", *_PRESENCE),
    }
)
OPS = tuple(dict.fromkeys(op for ops in OPS_BY_KIND.values() for op in ops))


@dataclass(frozen=True)
class Field:
    """One thing a rule may ask about.

    `lookup` is the ORM path of a column. For a set it is the path of an array column, or a
    function giving the rows that carry any of some values (and, for [], any value at all).
    None: the field can be evaluated but not queried. `choices` limits the values; a function
    is asked each time. `suggest`: values worth offering where others are right as well.
    """

    name: str
    kind: Kind
    label: str | Promise
    lookup: str | CarriesAny | None
    choices: Choices | Callable[[], Choices] | None = None
    suggest: Callable[[], Choices] | None = None

    @property
    def ops(self) -> tuple[str, ...]:
        return OPS_BY_KIND[self.kind]

    def choice_labels(self) -> dict[str, str] | None:
        """Labels by allowed value; None when any value is allowed."""
        if self.choices is None:
            return None
        pairs = self.choices() if callable(self.choices) else self.choices
        return {str(value): str(label) for value, label in pairs}


class FieldSet(Mapping[str, Field]):
    """The fields one model offers to rules, by name."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __hash__(self) -> int:
        return id(self)
