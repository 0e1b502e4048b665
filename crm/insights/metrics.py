"""The figures we report, each declared once: how it is reckoned, what it means, what stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.statistics import Interval, wilson
from crm.insights import keys
from crm.templatetags.kean import span
from tickets.choices import Metric as Clock

NOTHING = "—"


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"
    SCORE = "score"


@dataclass(frozen=True)
class Figure:
    """A metric's value over a period. `value` is None (shown as —) where there is nothing to divide by."""

    metric: "Metric"
    value: float | None
    n: int
    before: float | None = None
    interval: Interval | None = None

    @property
    def text(self) -> str:
        return self.metric.written(self.value)

    @property
    def number(self) -> float | int | None:
        """The value as tables and files show it: shares in percent with one decimal, spans in seconds."""
        if self.value is None:
            return None
        match self.metric.unit:
            case Unit.SHARE:
                return round(self.value * 100, 1)
            case Unit.SCORE:
                return round(self.value, 2)
        return round(self.value)

    @property
    def interval_text(self) -> str:
        if self.interval is None:
            return ""
        return f"{self.interval.low * 100:.1f}%–{self.interval.high * 100:.1f}%"

    @property
    def change(self) -> float | None:
        """Against the period before: points for shares and scores, a relative change for the rest."""
        if self.value is None or self.before is None:
            return None
        if self.metric.unit in (Unit.SHARE, Unit.SCORE):
            return self.value - self.before
        return (self.value - self.before) / self.before if self.before else None

    @property
    def change_text(self) -> str:
        change = self.change
        if change is None:
            return ""
        if self.metric.unit == Unit.SHARE:
            return _("{n:+.1f} 个百分点").format(n=change * 100)
        return f"{change:+.2f}" if self.metric.unit == Unit.SCORE else f"{change * 100:+.1f}%"

    @property
    def change_tone(self) -> str:
        """`good` or `bad` where the direction means something and anything moved."""
        change = self.change
        if not change or not self.metric.better:
            return ""
        return "good" if (change > 0) == (self.metric.better == "up") else "bad"


@dataclass(frozen=True)
class Metric:
    """`numerator` and `denominator` are sums of counted keys; without a denominator the metric is a count.

    `rows` names the list behind the figure (`crm.insights.rows`); `better` is the good direction.
    """

    key: str
    label: str | Promise
    definition: str | Promise
    numerator: tuple[str, ...]
    denominator: tuple[str, ...] = ()
    unit: Unit = Unit.COUNT
    rows: str = ""
    better: str = ""
    has_interval: bool = False

    def value(self, totals: Mapping[str, int]) -> float | None:
        above = sum(totals.get(key, 0) for key in self.numerator)
        if not self.denominator:
            return above
        below = sum(totals.get(key, 0) for key in self.denominator)
        return above / below if below else None

    def size(self, totals: Mapping[str, int]) -> int:
        """n: what the figure is reckoned over."""
        return sum(totals.get(key, 0) for key in self.denominator or self.numerator)

    def figure(self, totals: Mapping[str, int], before: Mapping[str, int] | None = None) -> Figure:
        n = self.size(totals)
        hits = sum(totals.get(key, 0) for key in self.numerator)
        return Figure(
            metric=self,
            value=self.value(totals),
            n=n,
            before=self.value(before) if before is not None else None,
            interval=wilson(hits, n) if self.has_interval and 0 <= hits <= n else None,
        )

    def written(self, value: float | None) -> str:
        """A value in words."""
        if value is None:
            return NOTHING
        match self.unit:
            case Unit.SHARE:
                return f"{value * 100:.1f}%"
            case Unit.SECONDS:
                return span(round(value))
            case Unit.SCORE:
                return f"{value:.2f}"
        return f"{round(value):,}"

    @property
    def title(self) -> str:
        """The head of its column in a file, with the unit of `Figure.number`."""
        match self.unit:
            case Unit.SHARE:
                return _("{label}（%）").format(label=self.label)
            case Unit.SECONDS:
                return _("{label}（秒）").format(label=self.label)
        return str(self.label)


def _attainment(key: str, label: Promise | str, clocks: tuple[str, ...]) -> Metric:
    return Metric(
        key,
        label,
        lazy("按时达成 ÷（按时达成 + 超时）。未到期的不计；到期仍未完成计为超时，记在到期当天，每个时钟最多一次。"),
        tuple(keys.met(clock) for clock in clocks),
        tuple(name for clock in clocks for name in (keys.met(clock), keys.breached(clock))),
        unit=Unit.SHARE,
        rows="breaches",
        better="up",
        has_interval=True,
    )


def _breaches(clock: str, label: Promise | str) -> Metric:
    sentence = lazy("到期时仍未完成的时钟数，记在到期当天；之后完成也不撤销。")
    return Metric(f"{clock}_breaches", label, sentence, (keys.breached(clock),), rows="breaches", better="down")


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("received", lazy("受理量"), lazy("当天创建的工单数，含各类型。"), keys.RECEIVED, rows="created"),
        Metric(
            "complaints",
            lazy("投诉量"),
            lazy("当天创建、受理时类型为投诉的工单数。"),
            (keys.received("complaint"),),
            rows="created",
            better="down",
        ),
        Metric(
            "solved",
            lazy("解决量"),
            lazy("当天被解决的次数；重开后再次解决另计一次。"),
            (keys.SOLVED,),
            rows="solved",
            better="up",
        ),
        Metric("closed", lazy("关闭量"), lazy("当天关闭的工单数，不含撤销与合并。"), (keys.CLOSED,), rows="closed"),
        Metric(
            "reopened", lazy("重开次数"), lazy("当天被重开的次数。"), (keys.REOPENED,), rows="reopened", better="down"
        ),
        Metric(
            "replies",
            lazy("回复量"),
            lazy("当天发出的人工回复条数，不含备注与自动回复。"),
            (keys.REPLIES,),
            rows="replies",
        ),
        Metric(
            "first_response",
            lazy("平均首响"),
            lazy("首次人工回复时间 − 客户首条消息时间，按受理日统计的平均值。未回复的工单没有首响。"),
            (keys.ANSWER_SECONDS,),
            (keys.ANSWERED,),
            unit=Unit.SECONDS,
            rows="created",
            better="down",
        ),
        Metric(
            "fast_replies",
            lazy("3分钟回复率"),
            lazy("180 秒内得到首次人工回复的工单 ÷ 当天受理的全部工单。未回复的计入分母。"),
            (keys.ANSWERED_FAST,),
            keys.RECEIVED,
            unit=Unit.SHARE,
            rows="created",
            better="up",
            has_interval=True,
        ),
        _attainment("first_response_sla", lazy("首响达标率"), (Clock.FIRST_RESPONSE,)),
        _attainment("resolution_sla", lazy("解决达标率"), (Clock.RESOLUTION,)),
        _attainment("sla", lazy("时效达标率"), tuple(Clock.values)),
        _breaches(Clock.FIRST_RESPONSE, lazy("首响超时")),
        _breaches(Clock.NEXT_RESPONSE, lazy("再次响应超时")),
        _breaches(Clock.RESOLUTION, lazy("解决超时")),
        Metric(
            "resolution",
            lazy("解决率"),
            lazy("受理后 7 天内首次解决的工单 ÷ 当天受理的全部工单。最近 7 天的数值还会上升。"),
            (keys.RESOLVED_IN_TIME,),
            keys.RECEIVED,
            unit=Unit.SHARE,
            rows="created",
            better="up",
            has_interval=True,
        ),
        Metric(
            "reopen_rate",
            lazy("重开率"),
            lazy("解决后又被重开的工单 ÷ 当天首次解决的工单，记在首次解决当天。"),
            (keys.CAME_BACK,),
            (keys.FIRST_SOLVED,),
            unit=Unit.SHARE,
            rows="first_solved",
            better="down",
            has_interval=True,
        ),
        Metric(
            "satisfaction",
            lazy("满意度"),
            lazy("评价 4 分或 5 分的份数 ÷ 全部有效评价，记在评价当天；方括号内为 95% 置信区间（Wilson）。"),
            (keys.SURVEYS_SATISFIED,),
            (keys.SURVEYS,),
            unit=Unit.SHARE,
            rows="surveys",
            better="up",
            has_interval=True,
        ),
        Metric(
            "score",
            lazy("平均分"),
            lazy("有效评价的平均分，满分 5 分。"),
            (keys.SURVEY_SUM,),
            (keys.SURVEYS,),
            unit=Unit.SCORE,
            rows="surveys",
            better="up",
        ),
        Metric(
            "answer_rate",
            lazy("参评率"),
            lazy("收到的评价 ÷ 发出的评价邀请，均按当天计。"),
            (keys.SURVEYS,),
            (keys.SURVEYS_SENT,),
            unit=Unit.SHARE,
            rows="surveys",
            better="up",
        ),
        Metric("visits", lazy("完成回访"), lazy("当天完成的回访数，含未接通而结束的。"), keys.VISITS, rows="visits"),
        Metric(
            "visit_satisfaction",
            lazy("回访满意率"),
            lazy("回访结果为满意 ÷ 接通的回访（满意 + 不满意）。"),
            (keys.visited("satisfied"),),
            (keys.visited("satisfied"), keys.visited("unsatisfied")),
            unit=Unit.SHARE,
            rows="visits",
            better="up",
            has_interval=True,
        ),
    )
}
