"""Who may see which customers.

What a person may see of a customer follows from what they may see of the customer's
tickets. Tickets live above, so they register the two questions here: which of this
customer's records may the user see, and are there any at all. A customer is visible when
the first has an answer, or the second has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Q


@dataclass(frozen=True)
class Sight:
    """Two correlated questions about `OuterRef("pk")` of a customer."""

    seen: Exists
    held: Exists


# Answers None when the user may see every record and nothing has to be asked.
SightRule = Callable[[Any], Sight | None]

_rules: list[SightRule] = []


def register(rule: SightRule) -> SightRule:
    """Add a rule: `rule(user)` gives the two questions, or None for a user who sees everything."""
    if rule not in _rules:
        _rules.append(rule)
    return rule


def condition_for(user: Any) -> Q:
    """The condition on standing customers that all registered rules make together."""
    sights = [sight for rule in _rules if (sight := rule(user)) is not None]
    if not sights:
        return Q()
    seen = Q()
    held = Q()
    for sight in sights:
        seen |= Q(sight.seen)
        held |= Q(sight.held)
    return seen | ~held
