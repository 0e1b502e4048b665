"""The desk of the ticket tests, and the counts after everything that happened was read."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from core.events import run_consumers
from crm.insights.models import DayCount, PersonDayCount
from tests.followups.conftest import committed, end, solve
from tests.tickets.conftest import Desk, desk, frozen, make_ticket

__all__ = ["Desk", "committed", "desk", "end", "frozen", "make_ticket", "solve"]

Counts = dict[str, int]


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def counts() -> Callable[..., Counts]:
    """Read what is waiting, then the sums by key, perhaps only those of a queue or a day."""

    def read(**filters: Any) -> Counts:
        run_consumers()
        return dict(DayCount.objects.filter(**filters).totals())

    return read


def everything() -> list[tuple[Any, ...]]:
    """Every stored count, in one order."""
    days = DayCount.objects.order_by("day", "queue_id", "channel_id", "metric")
    people = PersonDayCount.objects.order_by("person_id", "day", "metric")
    return [
        *days.values_list("day", "queue_id", "channel_id", "metric", "value"),
        *people.values_list("person_id", "day", "metric", "value"),
    ]
