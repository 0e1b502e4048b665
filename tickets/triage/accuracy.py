"""How often triage was right, by what people made of its suggestions."""

from collections import Counter
from dataclasses import dataclass

from core.statistics import Interval, wilson


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


def accuracy_of(pairs: "Counter[tuple[str, str]]") -> Accuracy:
    """What follows from how often each (suggested, chosen) pair of categories occurred."""
    suggested: Counter[str] = Counter()
    chosen: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for (one, other), number in pairs.items():
        suggested[one] += number
        chosen[other] += number
        if one == other:
            right[one] += number
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
    n, good = pairs.total(), right.total()
    return Accuracy(n, good, good / n if n else None, wilson(good, n), classes)
