"""What changed between two texts, as pieces to show; pure."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Operation = Literal["equal", "removed", "added"]

# Above this length a changed passage is shown whole: comparing characters is quadratic.
CHARACTER_LIMIT = 2_000


@dataclass(frozen=True)
class Piece:
    operation: Operation
    text: str


def diff_texts(old: str, new: str) -> list[Piece]:
    """Pieces which, without the added ones, spell `old` and, without the removed ones, spell `new`."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left, right = "".join(before[a:b]), "".join(after[c:d])
        if tag == "replace" and len(left) + len(right) <= CHARACTER_LIMIT:
            pieces.extend(_diff_characters(left, right))
        else:
            pieces.extend(_pieces(tag == "equal", left, right))
    return _joined(pieces)


def _diff_characters(old: str, new: str) -> list[Piece]:
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        pieces.extend(_pieces(tag == "equal", old[a:b], new[c:d]))
    return pieces


def _pieces(is_equal: bool, left: str, right: str) -> list[Piece]:
    if is_equal:
        return [Piece("equal", left)]
    return [piece for piece in (Piece("removed", left), Piece("added", right)) if piece.text]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind become one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].operation == piece.operation:
            joined[-1] = Piece(piece.operation, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
