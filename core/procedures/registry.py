"""What runs can be about. Floors above tell, once at start-up."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.functional import Promise

from core.conditions import FieldSet

if TYPE_CHECKING:
    from core.procedures.models import ProcedureRun, ProcedureTask

HOME = "service"
"""The department that owns subjects: its tasks go to whoever has the subject in hand."""


@dataclass(frozen=True)
class Card:
    """What a task list says of a subject; without personal data, for departments that may not open it."""

    title: str
    number: str
    link: str
    details: str = ""


@dataclass(frozen=True)
class SubjectKind:
    """A kind of subject.

    codename: the right to look at one. sight: condition on runs whose subjects a person may see. facts: answers
    for conditions over `fields`. owner: id of who has it in hand. is_staffed: whether somebody could have it in
    hand. cards: by id, for the ids a list shows. find: the id a person names one by. audience: who hears of it.
    alarm: tells people (state a service's transaction). news: tells these people of a task of their department, but
    not who brought it about. left: called in the transaction in which a step was done.
    """

    key: str
    label: str | Promise
    codename: str
    sight: Callable[[Any], Q]
    fields: FieldSet
    facts: Callable[["ProcedureRun"], Mapping[str, Any]]
    owner: Callable[[int], int | None]
    is_staffed: Callable[[int], bool]
    category: Callable[[int], str]
    cards: Callable[[Sequence[int]], dict[int, Card]]
    find: Callable[[Any, str], int | None]
    audience: Callable[[int], list[str]]
    alarm: Callable[["ProcedureTask", str], None]
    news: Callable[["ProcedureTask", str, Collection[int], Any], None]
    left: Callable[["ProcedureRun", str, Any], None]


kinds: dict[str, SubjectKind] = {}


def register(kind: SubjectKind) -> None:
    """Make a kind of subject known."""
    kinds[kind.key] = kind


def condition_fields() -> FieldSet:
    """What the conditions of steps may ask about."""
    return next(iter(kinds.values())).fields
