"""After-sales judged (D15): what customers say of it, how many complain, whether it is done in time.

One request of after-sales is one case, of the days on which it was asked for. A finding is one share of one line;
an improvement made of it is measured by the same share before and after.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, OuterRef, Q, StdDev, Subquery
from django.db.models.functions import Extract
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm.followups.models import SurveyInvitation
from crm.insights.metrics import Metric, Unit
from crm.insights.questions import Question
from crm.insights.remedies.narrowing import Choice, Choices, Chosen, Frame, rows_query
from crm.insights.remedies.shares import Mean, Share
from customers.choices import ShopPlatform
from customers.models import Shop
from tickets.aftersales_choices import AfterSalesKind, AfterSalesReason
from tickets.choices import TicketType
from tickets.models import AfterSales
from tickets.models.outcome import SATISFIED_FROM

if TYPE_CHECKING:
    from crm.staff.models import User

_DAY = 86400


@dataclass(frozen=True)
class Measure:
    """A share: of the requests that meet `base`, those that meet `hit`. metric: the nearest one of the reports."""

    key: str
    label: str | Promise
    definition: str | Promise
    base: Q
    hit: Q
    is_better: bool
    metric: str

    @property
    def as_metric(self) -> Metric:
        return Metric(
            self.key,
            self.label,
            self.definition,
            ("hits",),
            ("n",),
            unit=Unit.SHARE,
            better="up" if self.is_better else "down",
            has_interval=True,
        )


MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure(
            "rating",
            lazy("售后评价满意率"),
            lazy("售后单评价 4 分或 5 分的 ÷ 有评价的售后单。"),
            Q(rating__isnull=False),
            Q(rating__gte=SATISFIED_FROM),
            True,
            "satisfaction",
        ),
        Measure(
            "survey",
            lazy("服务评价满意率"),
            lazy("工单最近一次满意度评价 4 分或 5 分的 ÷ 收到评价的售后单。"),
            Q(score__isnull=False),
            Q(score__gte=SATISFIED_FROM),
            True,
            "satisfaction",
        ),
        Measure(
            "complaint",
            lazy("投诉率"),
            lazy("工单是投诉的售后单 ÷ 全部售后单。"),
            Q(),
            Q(ticket__type=TicketType.COMPLAINT),
            False,
            "complaints",
        ),
        Measure(
            "late", lazy("超时率"), lazy("有步骤超时的售后单 ÷ 全部售后单。"), Q(), Q(overdue_count__gt=0), False, "sla"
        ),
    )
}
KIND: Choices = {key: Choice(label, Q(kind=key)) for key, label in AfterSalesKind.choices}
REASON: Choices = {key: Choice(label, Q(reason=key)) for key, label in AfterSalesReason.choices}
PLATFORM: Choices = {key: Choice(label, Q(order__shop__platform=key)) for key, label in ShopPlatform.choices}
SEEN: Choices = {
    f"{measure.key}_{part}": Choice(measure.label, condition)
    for measure in MEASURES.values()
    for part, condition in (("n", measure.base), ("hits", measure.base & measure.hit))
}
FRAME = Frame(
    choices={"kind": KIND, "reason": REASON, "platform": PLATFORM, "seen": SEEN},
    columns={"shop": "order__shop__key"},
)
#: What the report's tables are by: the key of a dimension, its title, the column it is grouped by.
TABLES: dict[str, tuple[str | Promise, str]] = {
    "kind": (lazy("方案"), "kind"),
    "reason": (lazy("原因"), "reason"),
    "shop": (lazy("店铺"), "order__shop__key"),
}
_TOOK = Extract(ExpressionWrapper(F("finished_at") - F("requested_at"), output_field=DurationField()), "epoch")
_SUMS: dict[str, Any] = {
    "n": Count("pk"),
    **{key: Count("pk", filter=choice.condition) for key, choice in SEEN.items()},
    "took": Avg(_TOOK),
    "took_deviation": StdDev(_TOOK, sample=True),
    "finished": Count("finished_at"),
}


def requests(user: "User", question: Question, chosen: Chosen | None = None) -> Any:
    """The requests of the period in the person's sight, narrowed; `score` is the ticket's newest survey answer."""
    newest = SurveyInvitation.objects.filter(ticket=OuterRef("ticket"), score__isnull=False).order_by("-solve_number")
    rows: Any = AfterSales.objects.visible_to(user)
    rows = rows.filter(requested_at__gte=question.period.start, requested_at__lt=question.period.end)
    if question.queue is not None:
        rows = rows.filter(ticket__queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(ticket__channel=question.channel)
    return FRAME.narrow(rows.annotate(score=Subquery(newest.values("score")[:1])), chosen or {})


@dataclass(frozen=True)
class Line:
    """The requests of one kind: shares by measure, and the days from asking to the end of those that ended."""

    key: str
    label: str | Promise
    n: int
    shares: Mapping[str, Share]
    days: Mean

    @property
    def cells(self) -> list[tuple[Measure, Share]]:
        return [(measure, self.shares[measure.key]) for measure in MEASURES.values()]


@dataclass(frozen=True)
class Table:
    key: str
    title: str | Promise
    lines: list[Line]


def _line(key: str, label: str | Promise, row: Mapping[str, Any]) -> Line:
    took, deviation = (None if row[name] is None else float(row[name]) / _DAY for name in ("took", "took_deviation"))
    shares = {name: Share(row[f"{name}_hits"], row[f"{name}_n"]) for name in MEASURES}
    return Line(key, label, row["n"], shares, Mean(took, deviation, row["finished"]))


def total(user: "User", question: Question, chosen: Chosen) -> Line:
    return _line("", _("全部"), requests(user, question, chosen).aggregate(**_SUMS))


def tables(user: "User", question: Question, chosen: Chosen) -> list[Table]:
    """By outcome, reason and shop; one statement each, the most frequent first."""
    names: dict[str, dict[str, str | Promise]] = {"shop": dict(Shop.objects.values_list("key", "name"))}
    names |= {name: {key: choice.label for key, choice in FRAME.choices[name].items()} for name in ("kind", "reason")}
    found = []
    for key, (title, column) in TABLES.items():
        rows = requests(user, question, chosen).order_by().values(group=F(column)).annotate(**_SUMS)
        lines = [_line(row["group"], names[key].get(row["group"], row["group"]), row) for row in rows]
        found.append(Table(key, title, sorted(lines, key=lambda line: (-line.n, line.key))))
    return found


@dataclass(frozen=True)
class Finding:
    """One share of the report: which measure, of which line, for which shop and platform ("" for all)."""

    measure: str
    dimension: str
    value: str
    shop: str = ""
    platform: str = ""

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    @property
    def chosen(self) -> Chosen:
        narrowed = {"shop": self.shop, "platform": self.platform, self.dimension: self.value}
        return {name: value for name, value in narrowed.items() if name and value}

    @property
    def label(self) -> str:
        """`换货 · 投诉率`"""
        where = [label for label in FRAME.labels(self.chosen) if label]
        return " · ".join([*where, str(MEASURES[self.measure].label)])

    @property
    def metric(self) -> Metric:
        return MEASURES[self.measure].as_metric

    def totals(self, user: "User", question: Question) -> Counter[str]:
        """Hits and base over the days, as a metric's figure is reckoned."""
        measure = MEASURES[self.measure]
        sums = {"n": Count("pk", filter=measure.base), "hits": Count("pk", filter=measure.base & measure.hit)}
        return Counter(requests(user, question, self.chosen).aggregate(**sums))

    def rows_url(self, question: Question) -> str:
        return f"{reverse('after_sales_rows')}?{rows_query(question, **self.chosen, seen=f'{self.measure}_n')}"


def finding_of(item: Any) -> Finding | None:
    """What an improvement item was made of, where that was a finding of this report."""
    if not item.finding or item.finding.get("measure") not in MEASURES:
        return None
    return Finding(**item.finding)
