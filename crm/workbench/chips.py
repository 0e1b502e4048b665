"""Filters of a list as chips that read as one sentence: "显示 [未结] 的 [投诉] 工单，队列 [全部] …"."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

Label = str | Promise


@dataclass(frozen=True)
class Option:
    """One choice of a chip; the value "" is the choice that filters nothing."""

    value: str
    label: Label


@dataclass(frozen=True)
class Chip:
    """A query parameter with its choices and the words that stand around it in the sentence."""

    name: str
    options: tuple[Option, ...]
    value: str = ""
    before: Label = ""
    after: Label = ""

    @property
    def chosen(self) -> Option:
        return next((option for option in self.options if option.value == self.value), self.options[0])

    @property
    def is_set(self) -> bool:
        return self.value != self.options[0].value


def chip(
    query: Mapping[str, str],
    name: str,
    options: Iterable[tuple[str, Label]],
    *,
    before: Label = "",
    after: Label = "",
) -> Chip:
    """The chip as the address sets it; a value that is not among the choices counts as the first choice."""
    found = tuple(Option(value, label) for value, label in options)
    given = query.get(name, "")
    value = given if any(option.value == given for option in found) else found[0].value
    return Chip(name, found, value, before, after)


def values_of(chips: Iterable[Chip]) -> dict[str, str]:
    """What is chosen, by parameter."""
    return {item.name: item.value for item in chips}
