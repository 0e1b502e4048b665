"""The same quality in every channel (B04): identical metrics, each channel against all the others together.

A channel is flagged when it differs by more than the set tolerance and chance does not explain it: the two-sided
test of two shares at 5 %, divided by the number of channels compared (Bonferroni), because ten comparisons at 5 %
would flag one of equals every other time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from core.exports import Column
from core.statistics import Difference, two_proportions
from crm.insights.metrics import METRICS, Figure, Metric
from crm.insights.models import ChannelTolerance
from crm.insights.querysets import Totals
from crm.insights.questions import Question, rows_url
from tickets.models import Channel

if TYPE_CHECKING:
    from crm.staff.models import User

COMPARED = ("fast_replies", "resolution", "satisfaction", "reopen_rate")
#: In force until somebody sets another.
USUAL_POINTS = Decimal(5)
SIGNIFICANCE = 0.05
#: Fewer of these on either side tell nothing.
FEWEST = 10


@dataclass(frozen=True)
class Verdict:
    key: str
    label: Any
    tone: str


FLAGGED = Verdict("flagged", lazy("超出容差，差异显著"), "bad")
CHANCE = Verdict("chance", lazy("超出容差，可能是偶然"), "warn")
WITHIN = Verdict("within", lazy("在容差内"), "good")
TOO_FEW = Verdict("too_few", lazy("样本不足"), "")


@dataclass(frozen=True)
class ChannelRow:
    """One metric of one channel, and how it stands against the others."""

    metric: Metric
    channel: Channel
    figure: Figure
    others: Figure
    difference: Difference | None
    verdict: Verdict
    url: str

    @property
    def difference_text(self) -> str:
        return _("{n:+.1f} 个百分点").format(n=self.difference.value * 100) if self.difference else "—"

    @property
    def interval_text(self) -> str:
        if self.difference is None:
            return ""
        limits = self.difference.interval
        return f"{limits.low * 100:+.1f} – {limits.high * 100:+.1f}"

    @property
    def p_text(self) -> str:
        if self.difference is None:
            return "—"
        return "<0.001" if self.difference.p_value < 0.001 else f"{self.difference.p_value:.3f}"


@dataclass(frozen=True)
class Comparison:
    """A metric over all channels."""

    metric: Metric
    tolerance: Decimal
    rows: list[ChannelRow]


def compare(user: "User", question: Question) -> list[Comparison]:
    """Every compared metric over the channels that have figures. Three statements."""
    found = question.counts(user).totals_by("channel_id")
    channels = Channel.objects.filter(pk__in=[pk for pk in found if pk is not None]).order_by("name")
    tolerances = dict(ChannelTolerance.objects.values_list("metric", "points"))
    listed = list(channels)
    total: Totals = sum((found[channel.pk] for channel in listed), Counter())
    return [
        _comparison(METRICS[key], listed, found, total, tolerances.get(key, USUAL_POINTS), question) for key in COMPARED
    ]


def _comparison(
    metric: Metric,
    channels: list[Channel],
    found: Mapping[Any, Totals],
    total: Totals,
    tolerance: Decimal,
    question: Question,
) -> Comparison:
    shown = [channel for channel in channels if metric.size(found[channel.pk])]
    rows = []
    for channel in shown:
        own = found[channel.pk]
        others = Counter({key: total[key] - own.get(key, 0) for key in total})
        difference = _difference(metric, own, others)
        figure, rest = metric.figure(own), metric.figure(others)
        verdict = _verdict(difference, min(figure.n, rest.n), tolerance, len(shown))
        url = rows_url(metric.key, question, channel=channel.key)
        rows.append(ChannelRow(metric, channel, figure, rest, difference, verdict, url))
    return Comparison(metric, tolerance, rows)


def _hits(metric: Metric, totals: Mapping[str, int]) -> int:
    return sum(totals.get(key, 0) for key in metric.numerator)


def _difference(metric: Metric, own: Mapping[str, int], others: Mapping[str, int]) -> Difference | None:
    n, rest = metric.size(own), metric.size(others)
    first, second = _hits(metric, own), _hits(metric, others)
    if not (0 <= first <= n and 0 <= second <= rest):
        return None  # The period cuts a cohort in two: the part outside cannot be compared.
    return two_proportions(first, n, second, rest)


def _verdict(difference: Difference | None, fewest: int, tolerance: Decimal, comparisons: int) -> Verdict:
    if difference is None or fewest < FEWEST:
        return TOO_FEW
    # Rounded to what is shown, so that 5.0 points against a tolerance of 5 is within it.
    if round(abs(difference.value) * 100, 1) <= float(tolerance):
        return WITHIN
    return FLAGGED if difference.p_value < SIGNIFICANCE / max(1, comparisons) else CHANCE


@transaction.atomic
def set_tolerance(*, metric: str, points: Decimal, actor: "User") -> ChannelTolerance:
    """Set by how much channels may differ in a metric, in percentage points."""
    if not actor.has_perm("insights.change_channeltolerance"):
        raise NotAllowed(_("您没有设置容差的权限。"))
    if metric not in COMPARED or not 0 <= points <= 100:
        sentence = _("容差须为 0 到 100 个百分点。")
        raise InvalidInput(sentence, fields={"points": [sentence]})
    row, _is_new = ChannelTolerance.objects.update_or_create(metric=metric, defaults={"points": points})
    record_event(
        kind="report.tolerance_set",
        subject_type="channel_tolerance",
        subject_id=row.pk,
        actor=actor,
        payload={"metric": metric, "points": str(points)},
        audience=f"user:{actor.pk}",
    )
    return row


EXPORT_COLUMNS = [
    Column(lazy("指标"), lambda row: str(row.metric.label)),
    Column(lazy("渠道"), lambda row: row.channel.name),
    Column("n", lambda row: row.figure.n),
    Column(lazy("数值（%）"), lambda row: row.figure.number),
    Column(lazy("95% 置信区间"), lambda row: row.figure.interval_text),
    Column(lazy("其他渠道 n"), lambda row: row.others.n),
    Column(lazy("其他渠道（%）"), lambda row: row.others.number),
    Column(lazy("差异"), lambda row: row.difference_text),
    Column("p", lambda row: row.p_text),
    Column(lazy("结论"), lambda row: str(row.verdict.label)),
]
