"""How often triage was right, by what people made of its suggestions."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.statistics import Interval, wilson
from tickets.models import Ticket

PERIOD = timedelta(days=90)
MOST_ROWS = 20_000


@dataclass(frozen=True)
class ClassAccuracy:
    """One category: of what was suggested, how much stayed; of what people chose, how much had been suggested.

    Shares are fractions, None when nothing of the kind occurred.
    """

    category: str
    suggested: int
    chosen: int
    right: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Accuracy:
    """All categories, the most frequent first, and the share that stayed as suggested with its 95 % interval."""

    n: int
    right: int
    share: float | None
    interval: Interval | None
    classes: list[ClassAccuracy]


def measure() -> Accuracy:
    """Compare suggestion and final category of the newest tickets that have both.

    Reads at most `MOST_ROWS` rows by the index on creation, so its cost does not grow with age.
    """
    rows = Ticket.objects.filter(created_at__gte=clock.now() - PERIOD, merged_into=None).order_by("-created_at", "-pk")
    pairs = [pair for pair in rows.values_list("suggested_category", "category")[:MOST_ROWS] if all(pair)]
    suggested = Counter(pair[0] for pair in pairs)
    chosen = Counter(pair[1] for pair in pairs)
    right = Counter(pair[0] for pair in pairs if pair[0] == pair[1])
    classes = [
        ClassAccuracy(
            category,
            suggested[category],
            chosen[category],
            right[category],
            right[category] / suggested[category] if suggested[category] else None,
            right[category] / chosen[category] if chosen[category] else None,
        )
        for category, _count in (suggested + chosen).most_common()
    ]
    n, good = len(pairs), right.total()
    return Accuracy(n, good, good / n if n else None, wilson(good, n), classes)
