"""The application's idea of "now".

Services ask `now()` instead of the system clock, so that demo data and replays can
tell a story of past weeks through the same services (`with at(moment): …`). Timers do
not use it to decide what is due: the database's clock does (docs/adr/0002).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.utils import timezone

_pinned: ContextVar[datetime | None] = ContextVar("pinned_now", default=None)


def now() -> datetime:
    """The current moment, aware, UTC; or the moment pinned by `at`."""
    return _pinned.get() or timezone.now()


def pinned() -> datetime | None:
    """The moment pinned by `at`, or None when time runs."""
    return _pinned.get()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` inside the block."""
    if moment.tzinfo is None:
        raise ValueError("A pinned moment needs a time zone.")
    token = _pinned.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.reset(token)
