"""Before and after an improvement: the reports' own figures, the difference, and whether chance explains it.

Shares: two-sided z-test with Newcombe's interval. Times, scores and daily counts: Mann–Whitney with the interval of
the difference of means. Too few observations are said so, and nothing is claimed.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.samples import Shift, compare_samples
from core.statistics import Interval, two_proportions
from crm.insights.days import Period
from crm.insights.metrics import METRICS, NOTHING, Figure, Metric, Unit
from crm.insights.models import Improvement
from crm.insights.questions import Question, rows_url, today
from crm.insights.remedies.after_sales import Finding, finding_of
from crm.insights.rows import SOURCES, events_of
from tickets.models import Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

SIGNIFICANCE = 0.05
#: Fewer observations on either side tell nothing: tickets or answers, single times, days.
FEWEST = {Unit.SHARE: 30, Unit.SECONDS: 20, Unit.SCORE: 20, Unit.COUNT: 7}
#: Of single times no more are read; the newest of the period.
MOST_VALUES = 20_000


@dataclass(frozen=True)
class Verdict:
    key: str
    label: str | Promise
    tone: str


BETTER = Verdict("better", lazy("显著变好"), "good")
WORSE = Verdict("worse", lazy("显著变差"), "bad")
CHANGED = Verdict("changed", lazy("显著变化"), "info")
CHANCE = Verdict("chance", lazy("差异可能是偶然"), "warn")
TOO_FEW = Verdict("too_few", lazy("样本不足，不下结论"), "")
NOT_YET = Verdict("not_yet", lazy("之后的时段还没有结束"), "info")
NO_PERIOD = Verdict("no_period", lazy("还没有之后的时段"), "")


@dataclass(frozen=True)
class Effect:
    """Both figures with n; difference, interval and p in the metric's unit (shares 0–1) where there is enough."""

    metric: Metric
    before: Figure
    after: Figure | None
    n_before: int
    n_after: int
    difference: float | None
    interval: Interval | None
    p_value: float | None
    method: str
    verdict: Verdict
    before_url: str = ""
    after_url: str = ""

    @property
    def is_measured(self) -> bool:
        """Enough was seen to say something, be it that nothing changed."""
        return self.verdict in (BETTER, WORSE, CHANGED, CHANCE)

    @property
    def difference_text(self) -> str:
        return _written(self.metric, self.difference)

    @property
    def interval_text(self) -> str:
        if self.interval is None:
            return NOTHING
        return f"{_written(self.metric, self.interval.low)} – {_written(self.metric, self.interval.high)}"

    @property
    def p_text(self) -> str:
        if self.p_value is None:
            return NOTHING
        return "<0.001" if self.p_value < 0.001 else f"{self.p_value:.3f}"

    @property
    def method_text(self) -> str:
        return {
            "z": _("两比例 z 检验，Newcombe 区间"),
            "welch": _("Mann–Whitney 检验，均值差 Welch 区间"),
            "bootstrap": _("Mann–Whitney 检验，均值差自助法区间"),
        }.get(self.method, "")


def _written(metric: Metric, value: float | None) -> str:
    if value is None:
        return NOTHING
    if metric.unit == Unit.SHARE:
        return _("{n:+.1f} 个百分点").format(n=value * 100)
    if metric.unit == Unit.SECONDS:
        return _("{n:+.0f} 秒").format(n=value)
    if metric.unit == Unit.COUNT:
        return _("{n:+.1f} / 天").format(n=value)
    return f"{value:+.2f}"


def effect_of(item: Improvement, viewer: "User") -> Effect:
    """The item's figures within the viewer's sight."""
    finding = finding_of(item)
    metric = finding.metric if finding is not None else METRICS[item.metric]
    question = _question(item, item.baseline)
    totals, url = _counted(finding, metric, question, viewer)
    before = metric.figure(totals)
    if item.after is None:
        return Effect(metric, before, None, before.n, 0, None, None, None, "", NO_PERIOD, url)
    later = _question(item, item.after)
    late, later_url = _counted(finding, metric, later, viewer)
    after = metric.figure(late)
    shift = _shift(metric, viewer, (question, totals), (later, late))
    return Effect(
        metric,
        before,
        after,
        shift.n_first,
        shift.n_second,
        shift.difference,
        shift.interval,
        shift.p_value,
        shift.method,
        _verdict(metric, shift, item, today()),
        url,
        later_url,
    )


def _counted(finding: Finding | None, metric: Metric, question: Question, viewer: "User") -> tuple[Counter[str], str]:
    """What the metric is reckoned of, and where its rows are: a finding has its own, the rest is counted by days."""
    if finding is not None:
        return finding.totals(viewer, question), finding.rows_url(question)
    return question.counts(viewer).totals(), rows_url(metric.key, question)


def _question(item: Improvement, period: Period) -> Question:
    return Question(period=period, queue=item.queue, channel=item.channel)


@dataclass(frozen=True)
class _Compared:
    n_first: int
    n_second: int
    difference: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    method: str = ""


Asked = tuple[Question, Counter[str]]


def _shift(metric: Metric, viewer: "User", before: Asked, after: Asked) -> _Compared:
    if metric.unit == Unit.SHARE:
        return _of_shares(metric, before[1], after[1])
    found = [_values(metric, viewer, question) for question, _totals in (before, after)]
    shift: Shift | None = compare_samples(*found)
    if shift is None:
        return _Compared(len(found[0]), len(found[1]))
    return _Compared(shift.n_first, shift.n_second, shift.value, shift.interval, shift.p_value, shift.method)


def _of_shares(metric: Metric, first: Counter[str], second: Counter[str]) -> _Compared:
    n_first, n_second = metric.size(first), metric.size(second)
    hits = [sum(totals.get(key, 0) for key in metric.numerator) for totals in (first, second)]
    if not (0 <= hits[0] <= n_first and 0 <= hits[1] <= n_second):
        # The period cuts a cohort in two: the part outside cannot be compared.
        return _Compared(n_first, n_second)
    found = two_proportions(hits[1], n_second, hits[0], n_first)
    if found is None:
        return _Compared(n_first, n_second)
    return _Compared(n_first, n_second, found.value, found.interval, found.p_value, "z")


def _values(metric: Metric, viewer: "User", question: Question) -> list[float]:
    """Single observations of the period: waiting times, scores, or what was counted on each day."""
    if metric.key == "first_response":
        return _waits(viewer, question)
    if metric.key == "score":
        rows = events_of(SOURCES["surveys"], viewer, question).order_by("-at", "-id")[:MOST_VALUES]
        return [float(event.payload["score"]) for event in rows]
    by_day = question.counts(viewer).totals_by("day")
    return [float(metric.value(by_day.get(day, Counter())) or 0) for day in question.period.days()]


def _waits(viewer: "User", question: Question) -> list[float]:
    rows: Any = Ticket.objects.visible_to(viewer).filter(
        created_at__gte=question.period.start, created_at__lt=question.period.end, first_responded_at__isnull=False
    )
    if question.queue is not None:
        rows = rows.filter(queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(channel=question.channel)
    pairs = rows.order_by("-created_at", "-id").values_list("occurred_at", "first_responded_at")[:MOST_VALUES]
    return [max(0.0, (answered - asked).total_seconds()) for asked, answered in pairs]


def _verdict(metric: Metric, shift: _Compared, item: Improvement, day: date) -> Verdict:
    if not item.has_ended(day):
        return NOT_YET
    if shift.p_value is None or min(shift.n_first, shift.n_second) < FEWEST[metric.unit]:
        return TOO_FEW
    if shift.p_value >= SIGNIFICANCE:
        return CHANCE
    if not metric.better or not shift.difference:
        return CHANGED
    return BETTER if (shift.difference > 0) == (metric.better == "up") else WORSE
