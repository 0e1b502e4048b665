from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.outbox.models import OutboxItem

Send = Callable[[OutboxItem], None]


class Undeliverable(Exception):
    """Raised by a sender when trying again is pointless; the item is dead at once."""


@dataclass(frozen=True)
class Sender:
    send: Send
    retry_after: Sequence[float] | None


senders: dict[str, Sender] = {}


def outbox_sender(kind: str, *, retry_after: Sequence[float] | None = None) -> Callable[[Send], Send]:
    """Register how items of `kind` leave. Put it in the app's `senders.py`.

    The sender runs outside any transaction and within 20 seconds. Returning means sent; raising means
    again later with the same `dedupe_key`; raising `Undeliverable` means never.

    retry_after: seconds to wait after each failure, then dead; None = the general back-off, 8 attempts.
    """

    def register(send: Send) -> Send:
        known = senders.get(kind)
        if known is not None and known.send.__qualname__ != send.__qualname__:
            raise ValueError(f"Two senders for items of kind {kind}.")
        senders[kind] = Sender(send, retry_after)
        return send

    return register
