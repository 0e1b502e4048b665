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
    taken = bytearray(max((span.end for span in spans), default=0))
    kept: list[Span] = []
    for span in spans:
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
            kept.append(span)
    return sorted(kept)
