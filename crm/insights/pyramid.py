"""The complaint pyramid (C05): how many complaints stand on which level, against the period before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from crm.insights.days import Period
from crm.insights.questions import Question
from tickets.grading.levels import ensure_levels
from tickets.models import ComplaintGrade, ComplaintLevel

if TYPE_CHECKING:
    from crm.staff.models import User

#: Tenths of a percent: shares are shown with one decimal and add to 100 %.
_WHOLE = 1000


@dataclass(frozen=True)
class Layer:
    """One level of the pyramid; shares are fractions that add to 1 over all layers."""

    level: ComplaintLevel
    count: int
    share: float
    before: int
    share_before: float

    @property
    def change(self) -> int:
        return self.count - self.before


@dataclass(frozen=True)
class Pyramid:
    """The gravest level first."""

    layers: list[Layer]
    total: int
    total_before: int
    before: Period


def shares_of(counts: Sequence[int]) -> list[float]:
    """Fractions with three decimals that add to exactly 1: what rounding leaves goes to the largest remainders."""
    total = sum(counts)
    if not total:
        return [0.0 for _count in counts]
    exact = [count * _WHOLE / total for count in counts]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(counts)), key=lambda index: exact[index] - parts[index], reverse=True)
    for index in by_remainder[: _WHOLE - sum(parts)]:
        parts[index] += 1
    return [part / _WHOLE for part in parts]


def graded(user: "User", question: Question, period: Period | None = None) -> Any:
    """The complaints received in the period that the person sees, with their level."""
    span = period or question.period
    rows: Any = ComplaintGrade.objects.visible_to(user)
    rows = rows.filter(received_at__gte=span.start, received_at__lt=span.end, ticket__merged_into=None)
    # A grade keeps when its complaint was received; said of the ticket too, its index is read for these days alone.
    rows = rows.filter(ticket__type="complaint", ticket__created_at__gte=span.start, ticket__created_at__lt=span.end)
    if question.queue is not None:
        rows = rows.filter(ticket__queue=question.queue)
    return rows if question.channel is None else rows.filter(ticket__channel=question.channel)


def _counts(user: "User", question: Question, before: Period) -> tuple[dict[int, int], dict[int, int]]:
    """How many of each level in the period and in the one just before it: both by one reading of the rows."""
    rows = graded(user, question, Period(before.first, question.period.last)).order_by()
    is_now = Q(received_at__gte=question.period.start)
    found = rows.values_list("level").annotate(n=Count("pk", filter=is_now), n_before=Count("pk", filter=~is_now))
    counted = list(found)
    return {level: n for level, n, _then in counted if n}, {level: then for level, _n, then in counted if then}


def pyramid(user: "User", question: Question) -> Pyramid:
    """Counts and shares of every level in use; two statements, whatever the number of levels."""
    before = question.period.previous()
    now, then = _counts(user, question, before)
    levels = [level for level in ensure_levels() if level.is_active or level.pk in now or level.pk in then]
    counts, earlier = ([found.get(level.pk, 0) for level in levels] for found in (now, then))
    layers = [
        Layer(level, count, share, was, share_was)
        for level, count, share, was, share_was in zip(
            levels, counts, shares_of(counts), earlier, shares_of(earlier), strict=True
        )
    ]
    return Pyramid(layers, sum(counts), sum(earlier), before)
