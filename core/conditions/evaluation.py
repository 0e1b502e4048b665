"""A checked rule: true or false of facts at hand, a filter on rows, a sentence for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from core import clock
from core.conditions.nodes import Group, Node, comparisons, holds
from core.conditions.querying import NotQueryable, rows
from core.conditions.wording import words

__all__ = ["Condition", "NotQueryable"]


@dataclass(frozen=True)
class Condition:
    """Made by `parse`. `matches` and `q` agree for every row (tests/core/test_conditions.py)."""

    node: Node
    raw: Any = field(compare=False)

    def matches(self, facts: Mapping[str, Any], *, at: datetime | None = None) -> bool:
        """Whether the rule is true of the facts. A missing fact counts as empty."""
        return holds(self.node, facts, at or clock.now())

    def unmet(self, facts: Mapping[str, Any], *, at: datetime | None = None) -> list[str]:
        """The parts that are not true of the facts, in words; a rule that is not "all of" is one part."""
        moment = at or clock.now()
        parts = self.node.parts if isinstance(self.node, Group) and self.node.word == "all" else (self.node,)
        return [words(part) for part in parts if not holds(part, facts, moment)]

    def q(self, *, at: datetime | None = None) -> Q:
        """The rows of which the rule is true. Raises NotQueryable for fields without a column."""
        return rows(self.node, at or clock.now())

    def sentence(self) -> str:
        """The rule in words, in the active language."""
        return words(self.node)

    @property
    def is_queryable(self) -> bool:
        return all(part.field.lookup is not None for part in comparisons(self.node))

    @property
    def field_names(self) -> frozenset[str]:
        """The fields the rule asks about."""
        return frozenset(part.field.name for part in comparisons(self.node))
