"""Which lexicon terms a text holds."""

from collections.abc import Iterable

from core.language.segmentation import fold


class TermFinder:
    """Finds terms in folded text: the longest term at each place, each term once.

    One pass over the text with a look-up per place and length, so thousands of terms cost no more than ten.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self._terms = frozenset(fold(term) for term in terms)
        self._lengths = sorted({len(term) for term in self._terms}, reverse=True)
        self._first = frozenset(term[0] for term in self._terms)

    def find(self, text: str) -> list[str]:
        """The terms in order of their first appearance; `text` must be folded."""
        found: dict[str, None] = {}
        position = 0
        while position < len(text):
            term = self._at(text, position)
            if term:
                found[term] = None
            position += len(term) or 1
        return list(found)

    def _at(self, text: str, position: int) -> str:
        if text[position] not in self._first:
            return ""
        for length in self._lengths:
            piece = text[position : position + length]
            if piece in self._terms:
                return piece
        return ""
