"""What the API answers, and what follows from it.

Codes as the platform documents them for `cgi-bin/message/custom/send` and the access token.
"""

from enum import StrEnum


class Outcome(StrEnum):
    DONE = "done"
    NEW_TOKEN = "new_token"  # noqa: S105 (the name of an outcome)
    LATER = "later"
    NEVER = "never"


OK = 0
WINDOW_CLOSED = 45015

#: The platform keeps the file no more, or never did.
GONE = frozenset({40007, 41006})
_NEW_TOKEN = frozenset({40001, 40014, 42001})
#: A message that got one of these can never be delivered.
NEVER = frozenset({40003, 40004, 40005, 40006, 40009, 43004, 45002, WINDOW_CLOSED, 45047, 48001, 48002, 50002})


def outcome(code: int) -> Outcome:
    """What to do after an answer. Unknown codes are tried again: better late than lost."""
    if code == OK:
        return Outcome.DONE
    if code in _NEW_TOKEN:
        return Outcome.NEW_TOKEN
    return Outcome.NEVER if code in NEVER else Outcome.LATER


def parts(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` bytes of UTF-8, cut at line ends where there are any."""
    found: list[str] = []
    rest = text
    while len(rest.encode()) > limit:
        piece = rest.encode()[:limit].decode("utf-8", "ignore")
        cut = piece.rfind("\n") + 1
        piece = piece[: cut or len(piece)]
        found.append(piece.rstrip("\n"))
        rest = rest[len(piece) :]
    found.append(rest)
    return [piece for piece in found if piece.strip()]
