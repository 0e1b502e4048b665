"""Reports: the same metrics over all of a period, by day or week, by queue and by channel.

Page and file are drawn from the same table, so they cannot show different numbers.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from crm.insights.days import Period
from crm.insights.metrics import METRICS, Figure, Metric, Unit
from crm.insights.querysets import Totals
from crm.insights.questions import Question, queues_of, rows_url
from tickets.models import Channel

if TYPE_CHECKING:
    from crm.staff.models import User

SUMMARY = (
    "received",
    "solved",
    "first_response",
    "fast_replies",
    "first_response_sla",
    "resolution_sla",
    "resolution",
    "reopen_rate",
    "satisfaction",
    "answer_rate",
    "visits",
    "visit_satisfaction",
)
COLUMNS = (
    "received",
    "complaints",
    "solved",
    "reopened",
    "replies",
    "first_response",
    "fast_replies",
    "first_response_sla",
    "first_response_breaches",
    "resolution_sla",
    "resolution_breaches",
    "resolution",
    "reopen_rate",
    "satisfaction",
    "score",
    "visits",
)


@dataclass(frozen=True)
class Cell:
    figure: Figure
    url: str


@dataclass(frozen=True)
class Row:
    """A line of a table: its label and one figure for each metric of the table."""

    label: str
    cells: list[Cell]
    is_total: bool = False

    def cell(self, metric: Metric) -> Cell:
        return next(cell for cell in self.cells if cell.figure.metric is metric)


@dataclass(frozen=True)
class Table:
    key: str
    title: str | Promise
    head: str | Promise
    metrics: list[Metric]
    rows: list[Row]

    def columns(self) -> list[Column]:
        """The table as a file: every figure, and beside each that is not a count its sample size."""
        found = [Column(self.head, "label")]
        for metric in self.metrics:
            found.append(Column(metric.title, _reader(metric, lambda figure: figure.number)))
            if metric.unit != Unit.COUNT:
                found.append(Column(f"{metric.label} n", _reader(metric, lambda figure: figure.n)))
        return found


def _reader(metric: Metric, read: Callable[[Figure], Any]) -> Callable[[Any], Any]:
    return lambda row: read(row.cell(metric).figure)


def chosen(names: Iterable[str]) -> list[Metric]:
    return [METRICS[name] for name in names]


def summary(user: "User", question: Question, names: Iterable[str] = SUMMARY) -> list[Cell]:
    """The figures of the whole period against the period before. Two statements."""
    now = question.counts(user).totals()
    before = question.counts(user, question.period.previous()).totals()
    return [Cell(metric.figure(now, before), rows_url(metric.key, question)) for metric in chosen(names)]


def by_time(user: "User", question: Question, names: Iterable[str] = COLUMNS) -> Table:
    """A line for each day or week, the newest first, and their total."""
    found = question.counts(user).totals_by("day")
    weekly = question.step == "week"
    spans = list(question.period.weeks()) if weekly else [Period(day, day) for day in question.period.days()]
    metrics = chosen(names)
    rows = []
    for span in reversed(spans):
        totals: Totals = sum((found.get(day, Counter()) for day in span.days()), Counter())
        days = {"from": span.first.isoformat(), "to": span.last.isoformat()}
        label = f"{span.first:%Y-%m-%d}" if not weekly else f"{span.first:%Y-%m-%d} – {span.last:%m-%d}"
        rows.append(_row(label, metrics, totals, question, days))
    total: Totals = sum(found.values(), Counter())
    rows.append(_row(_("合计"), metrics, total, question, {}, is_total=True))
    return Table("days", lazy("按周") if weekly else lazy("按日"), lazy("日期"), metrics, rows)


def by_queue(user: "User", question: Question, names: Iterable[str] = COLUMNS) -> Table:
    return _by(user, question, "queue", lazy("按队列"), lazy("队列"), queues_of(user), names)


def by_channel(user: "User", question: Question, names: Iterable[str] = COLUMNS) -> Table:
    channels = Channel.objects.order_by("id")
    return _by(user, question, "channel", lazy("按渠道"), lazy("渠道"), channels, names)


def _by(
    user: "User",
    question: Question,
    field: str,
    title: Promise,
    head: Promise,
    members: QuerySet[Any],
    names: Iterable[str],
) -> Table:
    """A line for every queue or channel that anything was counted for, the busiest first."""
    found = question.counts(user).totals_by(f"{field}_id")
    named = {pk: (key, name) for pk, key, name in members.values_list("pk", "key", "name")}
    metrics = chosen(names)
    rows = []
    for pk, totals in sorted(found.items(), key=lambda item: (-METRICS["received"].size(item[1]), str(item[0]))):
        key, name = named.get(pk, ("", _("其他")))
        rows.append(_row(name, metrics, totals, question, {field: key} if key else None))
    return Table(f"{field}s", title, head, metrics, rows)


def _row(
    label: str,
    metrics: list[Metric],
    totals: Mapping[str, int],
    question: Question,
    address: dict[str, str] | None,
    *,
    is_total: bool = False,
) -> Row:
    cells = [
        Cell(metric.figure(totals), rows_url(metric.key, question, **address) if address is not None else "")
        for metric in metrics
    ]
    return Row(label, cells, is_total)


def chart_of(table: Table) -> dict[str, Any]:
    """What charts.js draws of a table over time: its own numbers, the oldest first."""
    rows = [row for row in reversed(table.rows) if not row.is_total]
    series = [("received", "bar"), ("solved", "line")]
    return {
        "days": [row.label for row in rows],
        "series": [
            {
                "name": str(METRICS[key].label),
                "kind": kind,
                "values": [row.cell(METRICS[key]).figure.number for row in rows],
            }
            for key, kind in series
        ],
    }


TABLES: dict[str, Callable[["User", Question], Table]] = {
    "days": by_time,
    "queues": by_queue,
    "channels": by_channel,
}
