"""Which counts: by sight, by period."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Sum

from crm.insights.days import Period

if TYPE_CHECKING:
    from crm.staff.models import User

Totals = Counter[str]


class CountQuerySet(models.QuerySet[Any]):
    def within(self, period: Period) -> Self:
        return self.filter(day__gte=period.first, day__lte=period.last)

    def totals(self) -> Totals:
        """The sum of each metric, in one statement."""
        return Counter(dict(self.order_by().values_list("metric").annotate(total=Sum("value"))))

    def totals_by(self, *fields: str) -> dict[Any, Totals]:
        """The sums of each metric for every value of the fields (day, queue_id, channel_id), in one statement.

        The keys are tuples when several fields are given.
        """
        found: dict[Any, Totals] = {}
        for *values, metric, total in self.order_by().values_list(*fields, "metric").annotate(total=Sum("value")):
            found.setdefault(values[0] if len(fields) == 1 else tuple(values), Counter())[metric] = total
        return found


class DayCountQuerySet(CountQuerySet):
    def visible_to(self, user: "User") -> Self:
        """Counts of the person's queues; admins and auditors see those of all, and of none."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(queue_id__in=user.queue_ids)
