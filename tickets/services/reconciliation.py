"""Payouts of a period: what stands in which state, and everything that does not agree (D10)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.errors import InvalidInput
from tickets.aftersales_choices import RefundStatus
from tickets.choices import CompensationStatus
from tickets.models import Compensation, Refund

if TYPE_CHECKING:
    from crm.staff.models import User

LONGEST = timedelta(days=92)
MOST_ROWS = 20_000
#: What waits longer than this is worth asking after.
WAITS_TOO_LONG = timedelta(days=3)
KINDS = {"refund": lazy("退款"), "compensation": lazy("补偿")}


@dataclass(frozen=True)
class Line:
    """One payout."""

    kind: str
    id: int
    ticket_number: str
    order_id: int | None
    amount: Decimal
    status: str
    status_label: str
    asked_at: datetime
    paid_at: datetime | None
    reference: str
    is_below_floor: bool = False


@dataclass(frozen=True)
class Difference:
    """Something that does not agree: `code` for programs, `what` for people; `expected` is ours, `found` theirs."""

    code: str
    what: str | Promise
    line: Line | None = None
    reference: str = ""
    expected: Decimal | None = None
    found: Decimal | None = None


@dataclass(frozen=True)
class Total:
    kind: str
    status: str
    label: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Report:
    start: datetime
    end: datetime
    totals: list[Total]
    differences: list[Difference]
    lines: list[Line] = field(repr=False)


def report(*, user: "User", start: datetime, end: datetime, statement: Mapping[str, Decimal] | None = None) -> Report:
    """Payouts asked for from `start` up to, and without, `end`, among those the person sees.

    `statement`: what the bank or platform says was paid, sum by reference; with it the two are compared.
    Raises InvalidInput for a period that is empty, too long or too full.
    """
    if start >= end or end - start > LONGEST:
        raise InvalidInput(_("请选择不超过 92 天的日期范围。"), fields={"from": [_("请选择不超过 92 天的日期范围。")]})
    lines = [*_refunds(user, start, end), *_compensations(user, start, end)]
    if len(lines) > MOST_ROWS:
        raise InvalidInput(_("这段时间的款项过多，请缩小日期范围。"))
    differences = [*_within(lines), *_over_paid(lines)]
    if statement is not None:
        differences += _against(lines, statement)
    return Report(start, end, _totals(lines), differences, lines)


def _refunds(user: "User", start: datetime, end: datetime) -> Iterable[Line]:
    rows: Any = Refund.objects.visible_to(user).filter(requested_at__gte=start, requested_at__lt=end)
    for row in rows.select_related("ticket", "aftersales").order_by("id")[: MOST_ROWS + 1]:
        number = row.ticket.number if row.ticket else ""
        yield _line("refund", row, number, row.order_id, row.requested_at)


def _compensations(user: "User", start: datetime, end: datetime) -> Iterable[Line]:
    rows: Any = Compensation.objects.visible_to(user).filter(granted_at__gte=start, granted_at__lt=end)
    rows = rows.exclude(status__in=[CompensationStatus.REJECTED, CompensationStatus.EXPIRED])
    for row in rows.select_related("ticket").order_by("id")[: MOST_ROWS + 1]:
        number = row.ticket.number if row.ticket else ""
        yield _line("compensation", row, number, None, row.granted_at)


def _line(kind: str, row: Any, number: str, order: int | None, asked_at: datetime) -> Line:
    label = str(row.get_status_display())
    if kind == "compensation":
        below = row.is_below_floor
    else:
        request = row.aftersales
        below = request is not None and request.floor is not None and row.amount < request.floor
    return Line(kind, row.pk, number, order, row.amount, row.status, label, asked_at, row.paid_at, row.reference, below)


def _totals(lines: Sequence[Line]) -> list[Total]:
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for line in lines:
        sums[line.kind, line.status, line.status_label].append(line.amount)
    return [
        Total(kind, status, label, len(amounts), sum(amounts, Decimal(0)))
        for (kind, status, label), amounts in sorted(sums.items())
    ]


def _within(lines: Sequence[Line]) -> Iterable[Difference]:
    """What our own rows say is not in order."""
    now = clock.now()
    used = Counter(line.reference for line in lines if line.reference and line.status == "paid")
    for line in lines:
        if line.is_below_floor and line.status != "reversed":
            yield Difference("below_floor", lazy("低于法定下限的例外"), line, line.reference, line.amount)
        if line.status == "failed":
            yield Difference("failed", lazy("打款失败，尚未重打"), line, line.reference, line.amount)
        elif line.status in (RefundStatus.PENDING, CompensationStatus.GRANTED):
            if now - line.asked_at > WAITS_TOO_LONG:
                yield Difference("waits_too_long", lazy("超过三天未打款"), line, "", line.amount)
        elif line.status == "paid" and not line.reference:
            yield Difference("no_reference", lazy("已打款但没有流水号"), line, "", line.amount)
        elif line.status == "paid" and used[line.reference] > 1:
            yield Difference("same_reference", lazy("同一流水号用于多笔款项"), line, line.reference, line.amount)


def _over_paid(lines: Sequence[Line]) -> Iterable[Difference]:
    """Orders of which more was given back than they paid: the shop's system lowered the sum afterwards."""
    orders = {line.order_id: line for line in lines if line.order_id is not None}
    rows: Any = Refund.objects.filter(order__in=list(orders)).standing()
    sums = rows.values("order_id", "order__paid").annotate(total=Sum("amount")).order_by("order_id")
    for row in sums:
        if row["total"] > row["order__paid"]:
            line = orders[row["order_id"]]
            what = lazy("退款合计高于订单实付")
            yield Difference("over_paid", what, line, "", row["order__paid"], row["total"])


def _against(lines: Sequence[Line], statement: Mapping[str, Decimal]) -> Iterable[Difference]:
    """What the other side's list says differently."""
    ours: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.reference and line.status in ("paid", "reversed"):
            ours[line.reference].append(line)
    for reference, held in ours.items():
        total = sum((line.amount for line in held if line.status == "paid"), Decimal(0))
        theirs = statement.get(reference)
        if theirs is None:
            if total:
                what = lazy("已登记打款，对账单里没有")
                yield Difference("missing_in_statement", what, held[0], reference, total)
        elif theirs != total:
            yield Difference("amount_differs", lazy("金额与对账单不一致"), held[0], reference, total, theirs)
    for reference, amount in statement.items():
        if reference not in ours:
            what = lazy("对账单有，系统里没有登记")
            yield Difference("missing_here", what, None, reference, None, amount)
