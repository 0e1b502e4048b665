"""What an address asks the statistics about: days, and what narrows them. Reports and lists read it alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from core.text import row_id
from crm.insights.days import Period
from crm.insights.questions import key_of, period_of

#: Stands for rows that have no such thing: no category, no shop.
NONE = "none"
Reader = Callable[[str, Period], Q]


def equals(lookup: str, *, empty: Any = None) -> Reader:
    """Rows with this value; the word NONE means those whose value is `empty`."""
    return lambda word, _period: Q(**{lookup: empty}) if word == NONE else Q(**{lookup: word})


def numbered(lookup: str) -> Reader:
    """Rows that point at this id; a word that is no id finds nothing."""

    def read(word: str, _period: Period) -> Q:
        if word == NONE:
            return Q(**{lookup: None})
        pk = row_id(word)
        return Q(pk__in=()) if pk is None else Q(**{lookup: pk})

    return read


@dataclass(frozen=True)
class Asked:
    """`parts` are words of the address by their name; `fault` says what could not be read of the days."""

    period: Period
    parts: Mapping[str, str]
    fault: str = ""

    readers: ClassVar[Mapping[str, Reader]] = {}
    moment: ClassVar[str] = ""

    @classmethod
    def of(cls, query: QueryDict, **usual: str) -> Self:
        """As the address says; `usual` are words for what it leaves out."""
        period, fault = period_of(query.get("from", ""), query.get("to", ""))
        given = {name: key_of(query.get(name, usual.get(name, ""))) for name in cls.readers}
        return cls(period, {name: word for name, word in given.items() if word}, fault)

    def q(self) -> Q:
        """The rows of these days that every part lets through."""
        found = Q(**{f"{self.moment}__gte": self.period.start, f"{self.moment}__lt": self.period.end})
        for name, word in self.parts.items():
            found &= self.readers[name](word, self.period)
        return found

    def __getitem__(self, name: str) -> str:
        """A part's word, "" where none is asked. Nothing else: templates try this before the attributes."""
        if name not in self.readers:
            raise KeyError(name)
        return self.parts.get(name, "")

    def narrowed(self, **parts: str) -> Self:
        """The same with these words too; "" takes one away."""
        return replace(self, parts={name: word for name, word in {**self.parts, **parts}.items() if word})

    @property
    def address(self) -> dict[str, str]:
        """The parameters of an address that asks this."""
        return {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), **self.parts}

    @property
    def days(self) -> str:
        """The days alone as text, for the other statistics."""
        return urlencode({name: self.address[name] for name in ("from", "to")})

    @property
    def query(self) -> str:
        """The same as text, without the "?"."""
        return urlencode(self.address)
