"""Dimensions by which the rows of a report are narrowed: the same conditions count a figure and find its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, CharField, Q, Value, When
from django.utils.functional import Promise

from core.text import unstorable
from crm.insights.questions import Question

WORD_LENGTH = 100


@dataclass(frozen=True)
class Choice:
    label: str | Promise
    condition: Q


Choices = Mapping[str, Choice]
Chosen = Mapping[str, str]


@dataclass(frozen=True)
class Frame:
    """`choices`: conditions by key, by dimension. `columns`: dimensions that are compared as words ("" is one too)."""

    choices: Mapping[str, Choices]
    columns: Mapping[str, str]

    def read(self, query: Mapping[str, str]) -> Chosen:
        """What an address names; a choice there is none of narrows nothing."""
        chosen = {name: query[name] for name in self.choices if query.get(name, "") in self.choices[name]}
        words = {name: query[name][:WORD_LENGTH] for name in self.columns if name in query}
        return chosen | {name: word for name, word in words.items() if not unstorable(word)}

    def narrow(self, rows: Any, chosen: Chosen) -> Any:
        for name, value in chosen.items():
            column = self.columns.get(name)
            rows = rows.filter(**{column: value}) if column else rows.filter(self.choices[name][value].condition)
        return rows

    def labels(self, chosen: Chosen) -> list[str]:
        """The choices in words, for the head of a list."""
        return [
            str(self.choices[name][value].label) if name in self.choices else value or "—"
            for name, value in chosen.items()
        ]


def keyed(choices: Choices) -> Case:
    """The key of the first choice whose condition a row meets; "" of none."""
    return Case(
        *(When(choice.condition, then=Value(key)) for key, choice in choices.items()),
        default=Value(""),
        output_field=CharField(),
    )


def rows_query(question: Question, **more: str) -> str:
    """The part of an address that asks for the rows of a figure."""
    return f"{question.query()}&{urlencode(more)}" if more else question.query()
