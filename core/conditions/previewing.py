"""What a rule would catch, before it is saved."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from core.conditions.evaluation import Condition

MOST_COUNTED = 10_000
SAMPLE_SIZE = 10

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Preview(Generic[Row]):
    """How many rows match (up to 10,000; `is_capped` says there are more) and some of them."""

    count: int
    is_capped: bool
    rows: list[Row]


def preview(queryset: QuerySet[Row], condition: Condition, *, sample: int = SAMPLE_SIZE) -> Preview[Row]:
    """Count and show the rows of `queryset` that match. The cost does not grow past the cap."""
    matching: QuerySet[Any] = queryset.filter(condition.q())
    found = matching.order_by()[: MOST_COUNTED + 1].count()
    return Preview(min(found, MOST_COUNTED), found > MOST_COUNTED, list(matching[:sample]))
