"""A message as character n-grams; training and judging count them by the same function."""

import re
from collections import Counter

from core.language.segmentation import fold

LONGEST = 3
# A long pasted log would drown what the customer says first.
TEXT_LIMIT = 2000
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Folded text with single spaces and no lone surrogates."""
    return _SPACE.sub(" ", fold(text[:TEXT_LIMIT])).strip().encode("utf-8", "ignore").decode()


def ngrams(text: str) -> list[str]:
    """All runs of one to three characters of the normalised text, duplicates kept."""
    text = normalise(text)
    return [text[i : i + n] for n in range(1, LONGEST + 1) for i in range(len(text) - n + 1)]


def counts(text: str) -> Counter[str]:
    """How often each n-gram occurs."""
    return Counter(ngrams(text))
