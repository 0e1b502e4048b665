"""Which counts: by sight, by period."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Sum

from crm.insights.days import Period

if TYPE_CHECKING:
    from crm.staff.models import User

Totals = Counter[str]


class DayCountQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "DayCountQuerySet":
        """Counts of the person's queues; admins and auditors see those of all, and of none."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(queue_id__in=user.queue_ids)

    def within(self, period: Period) -> "DayCountQuerySet":
        return self.filter(day__gte=period.first, day__lte=period.last)

    def totals(self) -> Totals:
        """The sum of each metric, in one statement."""
        return Counter(dict(self.order_by().values_list("metric").annotate(total=Sum("value"))))

    def totals_by(self, field: str) -> dict[Any, Totals]:
        """The sums of each metric for every value of `field` (day, queue_id, channel_id), in one statement."""
        found: dict[Any, Totals] = {}
        for value, metric, total in self.order_by().values_list(field, "metric").annotate(total=Sum("value")):
            found.setdefault(value, Counter())[metric] = total
        return found


class PersonDayCountQuerySet(models.QuerySet[Any]):
    def within(self, period: Period) -> "PersonDayCountQuerySet":
        return self.filter(day__gte=period.first, day__lte=period.last)

    def totals(self) -> Totals:
        return Counter(dict(self.order_by().values_list("metric").annotate(total=Sum("value"))))
