"""Type by handling time (C25): how many, how fast, how well and at what cost, for each kind of ticket."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import BooleanField, Case, F, Value, When
from django.db.models.functions import Collate
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from crm.insights.pyramid import shares_of
from crm.insights.questions import tickets_url
from crm.insights.service_times import share
from crm.insights.statistics.asked import NONE
from crm.insights.statistics.tickets import OUTCOMES, TicketsAsked, missed, promised
from crm.templatetags.kean import span
from customers.models import Shop
from tickets.choices import COMPENSATION_COST, TicketType
from tickets.models import ComplaintLevel

if TYPE_CHECKING:
    from crm.staff.models import User

Names = Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Dimension:
    """What the lines of the table are: `path` of the ticket, and the names of its values where they have others."""

    key: str
    label: str | Promise
    path: str
    nothing: str | Promise
    names: Names = dict

    def named(self, names: dict[str, str], value: str) -> str:
        return str(self.nothing) if value == NONE else names.get(value, value)


DIMENSIONS = {
    dimension.key: dimension
    for dimension in (
        Dimension("category", lazy("分类"), "category", lazy("未分类")),
        Dimension("type", lazy("类型"), "type", "", lambda: {value: str(label) for value, label in TicketType.choices}),
        Dimension(
            "level",
            lazy("级别"),
            "grade__level__key",
            lazy("未定级"),
            lambda: dict(ComplaintLevel.objects.values_list("key", "name")),
        ),
        Dimension(
            "shop", lazy("店铺"), "shop__key", lazy("未指明"), lambda: dict(Shop.objects.values_list("key", "name"))
        ),
        Dimension("product", lazy("商品"), "product", lazy("未指明")),
    )
}

# One pass: the chosen tickets beside their pauses, clocks that ran out and money, each read for the period alone.
_TABLE = """
SELECT GROUPING(c.line) = 1, c.line, count(*), count(*) FILTER (WHERE c.solve_count > 0),
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY CASE WHEN c.solved_at IS NOT NULL THEN
        GREATEST(0, date_part('epoch', c.solved_at - c.created_at) - COALESCE(p.seconds, 0)) END),
    count(*) FILTER (WHERE c.solve_count > 0 AND c.is_promised AND m.ticket_id IS NULL), count(m.ticket_id),
    count(*) FILTER (WHERE c.reopen_count > 0), count(k.ticket_id), COALESCE(sum(k.amount), 0)
FROM ({tickets}) c
LEFT JOIN (SELECT ticket_id, sum(date_part('epoch', ended_at - started_at)) AS seconds FROM tickets_ticketpause
    WHERE started_at >= %s AND ended_at IS NOT NULL GROUP BY ticket_id) p ON p.ticket_id = c.id
LEFT JOIN (SELECT DISTINCT ticket_id FROM ({missed}) breached) m ON m.ticket_id = c.id
LEFT JOIN (SELECT ticket_id, sum(amount) AS amount FROM tickets_compensation
    WHERE decided_at >= %s AND status = ANY(%s) GROUP BY ticket_id) k ON k.ticket_id = c.id
GROUP BY GROUPING SETS ((c.line), ())
"""


@dataclass(frozen=True)
class Line:
    """One line. `median` and `p90` are seconds from receipt to the last solution, without pauses; None unsolved."""

    key: str
    label: str
    count: int
    share: float
    handled: int
    median: float | None
    p90: float | None
    met: int
    missed: int
    reopened: int
    compensated: int
    amount: Decimal
    asked: TicketsAsked
    is_total: bool = False

    @property
    def sla(self) -> float | None:
        """解决达标率: met ÷ (met + missed), each ticket once."""
        return share(self.met, self.met + self.missed)

    @property
    def reopen(self) -> float | None:
        return share(self.reopened, self.handled)

    @property
    def median_text(self) -> str:
        return "—" if self.median is None else span(round(self.median))

    @property
    def p90_text(self) -> str:
        return "—" if self.p90 is None else span(round(self.p90))

    def url(self, outcome: str = "") -> str:
        """The list of exactly these tickets."""
        return tickets_url(**self.asked.narrowed(outcome=outcome).address)

    @property
    def urls(self) -> dict[str, str]:
        return {"all": self.url(), **{outcome: self.url(outcome) for outcome in OUTCOMES}}


@dataclass(frozen=True)
class Table:
    dimension: Dimension
    lines: list[Line]
    total: Line | None

    @property
    def rows(self) -> list[Line]:
        return [*self.lines, self.total] if self.total else self.lines


def handling_table(user: "User", asked: TicketsAsked, dimension: Dimension) -> Table:
    """The lines, the longest first, and all of them together. Two or three statements."""
    found = _read(user, asked, dimension.path)
    whole = next((row for row in found if row[0]), None)
    parts = sorted((row for row in found if not row[0]), key=lambda row: (-row[2], str(row[1])))
    names = dimension.names()
    lines = []
    for row, part in zip(parts, shares_of([row[2] for row in parts]), strict=True):
        key = row[1] or NONE
        lines.append(_line(row, key, dimension.named(names, key), part, asked.narrowed(**{dimension.key: key})))
    total = _line(whole, "", _("合计"), 1.0, asked, is_total=True) if whole and whole[2] else None
    return Table(dimension, lines, total)


def _read(user: "User", asked: TicketsAsked, path: str) -> list[Any]:
    rows: Any = asked.tickets(user).annotate(line=Collate(F(path), "C"), is_promised=_is_promised())
    columns = ("id", "line", "created_at", "solved_at", "solve_count", "reopen_count", "is_promised")
    try:
        tickets, values = rows.values(*columns).query.sql_with_params()
    except EmptyResultSet:  # The question contradicts itself: no ticket can be meant.
        return []
    breached, clocks = missed(asked.period).query.sql_with_params()
    start = asked.period.start
    with transaction.atomic(), connection.cursor() as cursor:
        # Sorting a quarter's tickets on disk would take longer than all the rest.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(
            _TABLE.format(tickets=tickets, missed=breached),
            [*values, start, *clocks, start, list(COMPENSATION_COST)],
        )
        return cursor.fetchall()


def _is_promised() -> Any:
    return Case(When(sla_policy__in=promised(), then=Value(True)), default=Value(False), output_field=BooleanField())


def _line(row: Any, key: str, label: str, part: float, asked: TicketsAsked, *, is_total: bool = False) -> Line:
    _grouping, _key, count, handled, times, met, late, reopened, compensated, amount = row
    median, p90 = times or (None, None)
    return Line(
        key, label, count, part, handled, median, p90, met, late, reopened, compensated, amount, asked, is_total
    )


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 1)


HEADS = (
    lazy("件数"),
    lazy("占比"),
    lazy("处理时长中位数"),
    lazy("P90"),
    lazy("达标率"),
    lazy("重开率"),
    lazy("补偿金额"),
)
COLUMNS = [
    Column(lazy("类型"), "label"),
    Column(lazy("件数"), "count"),
    Column(lazy("占比（%）"), lambda line: _percent(line.share)),
    Column(lazy("处理时长中位数（秒）"), lambda line: None if line.median is None else round(line.median)),
    Column(lazy("处理时长 P90（秒）"), lambda line: None if line.p90 is None else round(line.p90)),
    Column(lazy("解决过"), "handled"),
    Column(lazy("达标率（%）"), lambda line: _percent(line.sla)),
    Column(lazy("按时解决"), "met"),
    Column(lazy("解决超时"), "missed"),
    Column(lazy("重开率（%）"), lambda line: _percent(line.reopen)),
    Column(lazy("重开过"), "reopened"),
    Column(lazy("补偿金额（元）"), "amount"),
    Column(lazy("有补偿"), "compensated"),
]
