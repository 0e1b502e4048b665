"""Which characters text may hold, and how to show the others."""

import re

# Control characters besides tab and line ends, and the marks that turn the writing direction
# of what follows (used to disguise names and file endings).
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_DIRECTION_MARKS = "\u202a-\u202e\u2066-\u2069"
_SURROGATES = "\ud800-\udfff"
FORBIDDEN_IN_TEXT = _CONTROLS
FORBIDDEN_IN_LINE = f"{_CONTROLS}\t\n\r{_DIRECTION_MARKS}"

_unstorable = re.compile(f"[\x00{_SURROGATES}]")
_forbidden_in_text = re.compile(f"[{FORBIDDEN_IN_TEXT}{_SURROGATES}]")
_forbidden_in_line = re.compile(f"[{FORBIDDEN_IN_LINE}{_SURROGATES}]")


def unstorable(text: str) -> bool:
    """True for text with a NUL or half a surrogate pair, which PostgreSQL refuses."""
    return _unstorable.search(text) is not None


def has_forbidden_characters(text: str, *, multiline: bool) -> bool:
    """True when text holds control characters; a single line also refuses line ends and direction marks."""
    pattern = _forbidden_in_text if multiline else _forbidden_in_line
    return pattern.search(text) is not None


def printable(text: str) -> str:
    """Text that can be sent back: what UTF-8 cannot carry is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


def row_id(text: str) -> int | None:
    """The id that a word from an address or a form names: plain digits that fit a row; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
