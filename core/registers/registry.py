"""What a register is, and what its records may point at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise


@dataclass(frozen=True)
class Register:
    """`moves`: the states that follow each state. `planned`: states that need an owner and a review date first."""

    key: str
    states: type[TextChoices]
    first: str
    moves: Mapping[str, tuple[str, ...]]
    closed: frozenset[str]
    planned: frozenset[str] = frozenset()

    def next_states(self, state: str) -> tuple[str, ...]:
        return self.moves.get(state, ())


@dataclass(frozen=True)
class Target:
    """Something a record may be linked to.

    find: the thing a person means by a word (number, key), among what they may see, as (id, label).
    address: its page; "" when there is none. sees: whether a person may see the one with that id.
    """

    key: str
    label: str | Promise
    find: Callable[[Any, str], tuple[int, str] | None]
    address: Callable[[int], str]
    sees: Callable[[Any, int], bool]


targets: dict[str, Target] = {}


def register_target(target: Target) -> None:
    """Make something known that records may point at, once at start-up."""
    targets[target.key] = target
