"""大促模式, as far as customers are told of it. Who schedules it registers here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PeakWords:
    """A scheduled peak: from `starts_at` up to, and without, `ends_at`. Empty words change nothing."""

    name: str
    starts_at: datetime
    ends_at: datetime
    greeting: str = ""
    sla_note: str = ""


_providers: list[Callable[[], PeakWords | None]] = []


def register(provider: Callable[[], PeakWords | None]) -> None:
    """Name who knows of the peak in force. The last one named counts."""
    _providers[:] = [provider]


def current() -> PeakWords | None:
    """The peak in force now, or None."""
    return _providers[0]() if _providers else None


def greeting(usual: str) -> str:
    """What customers are greeted and acknowledged with: the peak's words while one runs, else the usual."""
    peak = current()
    return peak.greeting if peak and peak.greeting else usual


def sla_note() -> str:
    """What is said of waiting times during a peak; empty otherwise."""
    peak = current()
    return peak.sla_note if peak else ""
