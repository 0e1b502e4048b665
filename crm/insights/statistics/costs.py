"""What complaints cost (C32): compensation decided for, by reason, product, person and month."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.exports import Column
from crm.insights.days import SHANGHAI, Period
from crm.insights.statistics.asked import NONE, Asked, Reader, equals, numbered
from tickets.choices import COMPENSATION_COST
from tickets.compensation import CASES
from tickets.models import Compensation

if TYPE_CHECKING:
    from crm.staff.models import User

Names = Callable[[list[str]], dict[str, str]]


#: A compensation belongs to a ticket, or to the order a disruption's plan was applied to.
_FROM_TICKET_OR_ORDER = {
    "of_shop": Coalesce("ticket__shop__key", "disruption_order__order__shop__key"),
    "of_platform": Coalesce("ticket__shop__platform", "disruption_order__order__shop__platform"),
    "of_product": Coalesce("ticket__product", "disruption_order__disruption__sku"),
}


class CostsAsked(Asked):
    """Compensations decided for on these days: granted at once, or approved."""

    moment = "decided_at"
    readers: ClassVar[Mapping[str, Reader]] = {
        "shop": equals("of_shop"),
        "platform": equals("of_platform"),
        "reason": equals("case"),
        "category": equals("category", empty=""),
        "product": equals("of_product", empty=""),
        "person": numbered("granted_by"),
    }

    def compensations(self, user: "User") -> Any:
        """Those in the person's sight that cost money; rejected, expired and reversed ones do not."""
        rows = Compensation.objects.visible_to(user).annotate(**_FROM_TICKET_OR_ORDER)
        return rows.filter(self.q(), status__in=COMPENSATION_COST).order_by()

    def rows_url(self, **parts: str) -> str:
        return f"{reverse('cost_rows')}?{self.narrowed(**parts).query}"


def case_title(case: str) -> str:
    return str(_(CASES[case].title)) if case in CASES else case


def _case_names(_words: list[str]) -> dict[str, str]:
    return {key: case_title(key) for key in CASES}


def _person_names(words: list[str]) -> dict[str, str]:
    people = get_user_model().objects.filter(pk__in=[int(word) for word in words if word.isdigit()])
    return {str(person.pk): person.name for person in people}


def _as_they_are(_words: list[str]) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Group:
    """A way to divide the cost: a column of compensations and the names of its values."""

    key: str
    label: str | Promise
    path: str
    names: Names = _as_they_are

    def word(self, key: str) -> str:
        """A value as people know it."""
        return _("未指明") if key == NONE else self.names([key]).get(key, key)


GROUPS = {
    group.key: group
    for group in (
        Group("reason", lazy("补偿情形"), "case", _case_names),
        Group("category", lazy("投诉分类"), "category"),
        Group("product", lazy("商品"), "of_product"),
        Group("person", lazy("经办人"), "granted_by_id", _person_names),
    )
}


@dataclass(frozen=True)
class Line:
    """`share` of the money; `url` leads to the `count` compensations."""

    label: str
    count: int
    amount: Decimal
    share: float
    url: str


@dataclass(frozen=True)
class Table:
    group: Group
    lines: list[Line]


@dataclass(frozen=True)
class Total:
    count: int
    amount: Decimal

    def __add__(self, other: "Total") -> "Total":
        return Total(self.count + other.count, self.amount + other.amount)


#: What compensations that are alike in all of this cost together: the values by their column, and the sum.
Fact = tuple[dict[str, Any], Total]
_NOTHING = Total(0, Decimal(0))


def cost_facts(user: "User", asked: CostsAsked) -> list[Fact]:
    """All that the tables are made of, in one statement."""
    paths = [group.path for group in GROUPS.values()]
    rows = asked.compensations(user).annotate(month=TruncMonth("decided_at", tzinfo=SHANGHAI))
    found = rows.values(*paths, "month").annotate(n=Count("pk"), sum=Sum("amount"))
    return [(row, Total(row["n"], row["sum"])) for row in found]


def _folded(facts: list[Fact], path: str) -> dict[Any, Total]:
    found: dict[Any, Total] = {}
    for values, total in facts:
        found[values[path]] = found.get(values[path], _NOTHING) + total
    return found


def sum_of(facts: list[Fact]) -> Total:
    return sum((total for _values, total in facts), _NOTHING)


def cost_table(facts: list[Fact], asked: CostsAsked, group: Group) -> Table:
    """A line for every value, the dearest first. One statement for names."""
    totals = {str(value or NONE): total for value, total in _folded(facts, group.path).items()}
    whole = sum_of(facts).amount
    names = group.names(list(totals))
    lines = [
        Line(
            _("未指明") if key == NONE else names.get(key, key),
            one.count,
            one.amount,
            float(one.amount / whole) if whole else 0.0,
            asked.rows_url(**{group.key: key}),
        )
        for key, one in sorted(totals.items(), key=lambda item: (-item[1].amount, item[0]))
    ]
    return Table(group, lines)


def total_of(rows: Any) -> Total:
    """How many compensations, and what they cost."""
    found = rows.aggregate(n=Count("pk"), sum=Sum("amount"))
    return Total(found["n"], found["sum"] or Decimal(0))


def month_lines(facts: list[Fact], asked: CostsAsked) -> list[Line]:
    """A line for every month that cost something, the newest first, each leading to its part of the days."""
    whole = sum_of(facts).amount
    lines = []
    for moment, one in sorted(_folded(facts, "month").items(), reverse=True):
        month = Period.month_of(moment.date())
        part = Period(max(month.first, asked.period.first), min(month.last, asked.period.last))
        url = CostsAsked(part, asked.parts).rows_url()
        share = float(one.amount / whole) if whole else 0.0
        lines.append(Line(f"{month.first:%Y-%m}", one.count, one.amount, share, url))
    return lines


COLUMNS = [
    Column(lazy("分组"), lambda row: row[0]),
    Column(lazy("名称"), lambda row: row[1].label),
    Column(lazy("笔数"), lambda row: row[1].count),
    Column(lazy("金额（元）"), lambda row: row[1].amount),
    Column(lazy("占比（%）"), lambda row: round(row[1].share * 100, 1)),
]
