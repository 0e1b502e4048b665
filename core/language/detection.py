"""Where a text names a person, a number or a place that is personal data.

Order numbers, parcel numbers, amounts and dates look alike and must stay readable, so a number
counts only when its own form proves it (check digits, numbering plan) or the words before it say so.
"""

import re

from core.language._addresses import find_addresses
from core.language._names import find_names
from core.language._numbers import find_emails, find_numbers
from core.language._spans import Span, without_overlaps

_SURROGATE = re.compile("[\ud800-\udfff]")

__all__ = ["Span", "detect_personal_data"]


def detect_personal_data(text: str) -> list[Span]:
    """Spans in order of appearance, never overlapping; offsets count characters of `text`."""
    # The segmenter takes no lone surrogates; a replacement of the same length keeps the offsets.
    text = _SURROGATE.sub("\ufffd", text)
    return without_overlaps([*find_emails(text), *find_numbers(text), *find_addresses(text), *find_names(text)])
