"""What of a customer's words may stay readable: titles, previews and search words.

The words themselves are encrypted (`TicketMessage.body`). Lists and search need something
in the clear; numbers that lead to a person are masked in it, and addresses are not indexed.
"""

from functools import lru_cache

from django.contrib.postgres.search import SearchVector
from django.db.models import Value

from core.language import Span, detect_personal_data, mask_text, search_vector_text

NUMBERS = frozenset({"PHONE", "ID", "BANKCARD", "EMAIL"})
PREVIEW_LENGTH = 100


@lru_cache(maxsize=64)
def _found(text: str) -> tuple[Span, ...]:
    # The same text is asked about several times while it is being taken in.
    return tuple(detect_personal_data(text))


def hide_numbers(text: str) -> str:
    """The text with phone, identity, card numbers and e-mail addresses masked."""
    return mask_text(text, [span for span in _found(text) if span.type in NUMBERS])


def preview(body: str) -> str:
    """A message on one line without personal data, for lists."""
    line = " ".join(mask_text(body, _found(body)).split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1] + "…"


def search_words(*texts: str) -> str:
    """Words and bigrams of the texts, personal numbers and addresses left out."""
    kept = (mask_text(text, [s for s in _found(text) if s.type != "NAME"]) for text in texts if text)
    return " ".join(search_vector_text(text) for text in kept)


def search_vector(*texts: str) -> SearchVector:
    """What a ticket is found by."""
    return SearchVector(Value(search_words(*texts)), config="simple")
