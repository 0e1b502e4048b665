"""Points of risk (C26): where the complaints of a week exceed what the four weeks before let expect.

Expected is (n + ½) ÷ 4 of those weeks; the p-value is the chance of so many or more (Poisson). Of dozens of points
one in twenty stands out by chance, so a point counts as significant only below 1 % divided by how many were tested.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import clock
from core.samples import poisson_excess
from crm.insights.complaints.clusters import OPEN, WEEK, complaints_of
from crm.insights.models import Problem
from customers.models import Shipment

if TYPE_CHECKING:
    from crm.staff.models import User

BASE_WEEKS = 4
FEWEST = 3
SHOWN_BELOW = 0.05
SIGNIFICANCE = 0.01
MOST = 30
#: Order numbers looked up for their carrier; the newest.
MOST_ORDERS = 5000
DIMENSIONS: dict[str, str | Promise] = {
    "product": _("商品"),
    "batch": _("批次"),
    "process": _("环节"),
    "person": _("客服"),
    "carrier": _("承运商"),
}


@dataclass(frozen=True)
class RiskPoint:
    """`value` names the point as stored, `label` for people."""

    dimension: str
    value: str
    label: str
    count: int
    expected: float
    p_value: float
    is_significant: bool
    problem: Problem | None

    @property
    def dimension_label(self) -> str:
        return str(DIMENSIONS[self.dimension])

    @property
    def excess(self) -> float:
        return self.count - self.expected

    @property
    def p_text(self) -> str:
        return "<0.0001" if self.p_value < 0.0001 else f"{self.p_value:.4f}"

    @property
    def signature(self) -> str:
        return signature_of(self.dimension, self.value)


def signature_of(dimension: str, value: str) -> str:
    return "\x1f".join(("risk", dimension, value))


def risk_points(user: "User", *, now: datetime | None = None) -> list[RiskPoint]:
    """The week up to `now`, the greatest excess first. A handful of statements over five weeks of complaints."""
    now = now or clock.now()
    week, base = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    start = now - WEEK
    for created_at, *point in _points(user, now):
        (week if created_at >= start else base)[point[0], point[1]] += 1
    tested = [(key, count, (base[key] + 0.5) / BASE_WEEKS) for key, count in week.items() if count >= FEWEST]
    found = []
    for key, count, expected in tested:
        chance = poisson_excess(count, expected)
        if count > expected and chance < SHOWN_BELOW:
            found.append((key, count, expected, chance))
    found.sort(key=lambda row: (row[2] - row[1], row[0]))
    return _dressed(found[:MOST], tests=len(tested))


def _points(user: "User", now: datetime) -> Iterator[tuple[datetime, str, str]]:
    """Every complaint under each point it touches."""
    rows = complaints_of(user, now - WEEK - timedelta(weeks=BASE_WEEKS)).filter(created_at__lt=now)
    orders: list[tuple[datetime, str]] = []
    columns = ("created_at", "product", "batch", "category", "assignee_id", "order_no")
    for at, product, batch, category, person, order_no in rows.values_list(*columns).iterator(chunk_size=2000):
        named = {
            "product": product,
            "batch": f"{product} / {batch}" if batch else "",
            "process": category,
            "person": str(person or ""),
        }
        yield from ((at, dimension, value) for dimension, value in named.items() if value)
        if order_no:
            orders.append((at, order_no))
    yield from _carriers(sorted(orders, reverse=True)[:MOST_ORDERS])


def _carriers(orders: list[tuple[datetime, str]]) -> Iterator[tuple[datetime, str, str]]:
    numbers = {number for _at, number in orders}
    if not numbers:
        return
    sent = dict(Shipment.objects.filter(order__order_no__in=numbers).values_list("order__order_no", "carrier__name"))
    yield from ((at, "carrier", sent[number]) for at, number in orders if sent.get(number))


def _dressed(found: list[Any], *, tests: int) -> list[RiskPoint]:
    ids = [int(key[1]) for key, *_rest in found if key[0] == "person"]
    names = {str(one.pk): one.name for one in get_user_model().objects.filter(pk__in=ids)}
    signatures = [signature_of(*key) for key, *_rest in found]
    known = {one.signature: one for one in Problem.objects.filter(signature__in=signatures, state__in=OPEN)}
    return [
        RiskPoint(
            dimension=key[0],
            value=key[1],
            label=names.get(key[1], key[1]) if key[0] == "person" else key[1],
            count=count,
            expected=expected,
            p_value=chance,
            is_significant=chance < SIGNIFICANCE / max(1, tests),
            problem=known.get(signature),
        )
        for (key, count, expected, chance), signature in zip(found, signatures, strict=True)
    ]
