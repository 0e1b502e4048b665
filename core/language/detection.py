"""Where a text names a person, a number or a place that is personal data.

Order numbers, parcel numbers, amounts and dates look alike and must stay readable, so a number
counts only when its own form proves it (check digits, numbering plan) or the words before it say so.
"""

from core.language._numbers import find_emails, find_numbers
from core.language._spans import Span, without_overlaps

__all__ = ["Span", "detect_personal_data"]


def detect_personal_data(text: str) -> list[Span]:
    """Spans in order of appearance, never overlapping; offsets count characters of `text`."""
    return without_overlaps([*find_emails(text), *find_numbers(text)])
