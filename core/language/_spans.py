"""A piece of text that is personal data."""

from dataclasses import dataclass
from typing import Literal

SpanType = Literal["NAME", "PHONE", "ADDRESS", "ID", "BANKCARD", "EMAIL"]


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of the text are of the given type."""

    start: int
    end: int
    type: SpanType


def without_overlaps(spans: list[Span]) -> list[Span]:
    """Keep the earlier finder's span where two overlap; the result is in order of appearance."""
    taken: list[Span] = []
    for span in spans:
        if all(span.end <= other.start or span.start >= other.end for other in taken):
            taken.append(span)
    return sorted(taken)
