"""Which conversations are looked at: a share of them, the same ones whoever reckons it. No rows, no Django.

A ticket and a rule give one number between 0 and 1 (SHA-256), as good as thrown dice and always the same.
A ticket is drawn when its number lies below the rate; a higher rate keeps what a lower one drew.
"""

import hashlib
from decimal import Decimal

_PARTS = 2**64


def share_of(*, rule: int, ticket: int) -> float:
    """The ticket's number under a rule, in [0, 1)."""
    digest = hashlib.sha256(f"quality:{rule}:{ticket}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _PARTS


def is_drawn(*, rule: int, ticket: int, rate: Decimal) -> bool:
    return share_of(rule=rule, ticket=ticket) < rate
