"""Norms that were not met in the report's period: the same rows the desk and the board count."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from crm.insights.questions import Question
from tickets.choices import BreachKind, NormStage
from tickets.services.norms import breaches

if TYPE_CHECKING:
    from crm.staff.models import User


@dataclass(frozen=True)
class Count:
    number: int
    url: str


@dataclass(frozen=True)
class Line:
    label: str
    counts: list[Count]


@dataclass(frozen=True)
class NormReport:
    """By stage (each kind, and all) and by person; `total` is every row that stands."""

    total: Count
    stages: list[Line]
    people: list[Line]

    @property
    def kinds(self) -> list[str]:
        """Heads of the columns before the sum."""
        return [str(kind.label) for kind in BreachKind]


def norm_report(user: "User", question: Question) -> NormReport:
    """Two statements: the counts of the period in sight, and the names."""
    rows: Any = breaches.visible(user, question.period.start, question.period.end)
    if question.queue is not None:
        rows = rows.filter(queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(ticket__channel=question.channel)
    tally = breaches.tally(rows)

    def count(number: int, **filters: str) -> Count:
        return Count(number, _list_url(question, **filters))

    stages = []
    for stage in NormStage:
        of_kind = [(kind.value, tally.by_stage[stage.value, kind.value]) for kind in BreachKind]
        counts = [count(number, stage=stage.value, kind=kind) for kind, number in of_kind]
        both = count(sum(number for _kind, number in of_kind), stage=stage.value)
        stages.append(Line(str(stage.label), [*counts, both]))
    names = {
        person.pk: person.name for person in get_user_model().objects.filter(pk__in=[*filter(None, tally.by_person)])
    }
    people = [
        Line(names.get(person, _("无人负责")), [count(number, assignee=str(person or "none"))])
        for person, number in tally.by_person.most_common()
    ]
    return NormReport(count(tally.total), stages, people)


@dataclass(frozen=True)
class FileRow:
    """A line of the file: whose numbers, and how many by kind where they are told apart."""

    part: str
    label: str
    by_kind: tuple[int, ...]
    total: int

    def of_kind(self, place: int) -> int | None:
        return self.by_kind[place] if self.by_kind else None


def file_rows(report: NormReport) -> list[FileRow]:
    """The lines of the page's two tables, stages first."""
    stages = [
        FileRow(_("阶段"), line.label, tuple(cell.number for cell in line.counts[:-1]), line.counts[-1].number)
        for line in report.stages
    ]
    people = [FileRow(_("负责人"), line.label, (), line.counts[0].number) for line in report.people]
    return [*stages, *people, FileRow(_("合计"), "", (), report.total.number)]


def file_columns() -> list[Column]:
    kinds = [Column(kind.label, partial(FileRow.of_kind, place=place)) for place, kind in enumerate(BreachKind)]
    return [Column(lazy("分组"), "part"), Column(lazy("名称"), "label"), *kinds, Column(lazy("合计"), "total")]


def _list_url(question: Question, **filters: str) -> str:
    try:
        address = reverse("breach_list")
    except NoReverseMatch:
        return ""
    return f"{address}?{question.query()}&{urlencode(filters)}" if filters else f"{address}?{question.query()}"
