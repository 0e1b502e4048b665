"""Service-time formulas over single tickets (首响、3分钟回复率、解决率、重开率、处理时长). Pure.

What has nothing to divide by is None, shown as "—". Spans are seconds. Percentiles interpolate
linearly between ranks, as spreadsheets do.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median

FAST = timedelta(minutes=3)


@dataclass(frozen=True)
class TicketStory:
    """What became of one ticket. `resolved_at` is its first solution; `paused` what the clocks left out."""

    created_at: datetime
    replied_at: datetime | None = None
    resolved_at: datetime | None = None
    is_reopened: bool = False
    paused: timedelta = timedelta(0)
    contacts: int = 1


@dataclass(frozen=True)
class ServiceTimes:
    """The figures of a group of tickets; `n` tickets, `answered` and `resolved` of them."""

    n: int
    answered: int
    resolved: int
    mean_first_response: float | None
    median_first_response: float | None
    p90_first_response: float | None
    fast_replies: float | None
    resolution: float | None
    reopen: float | None
    first_contact: float | None
    mean_resolve: float | None
    median_resolve: float | None


def measure(stories: Iterable[TicketStory]) -> ServiceTimes:
    """The service times of a group of tickets."""
    rows = list(stories)
    waits = first_responses(rows)
    resolved = [row for row in rows if row.resolved_at is not None]
    spans = [resolve_seconds(row) for row in resolved]
    at_once = sum(row.contacts == 1 and not row.is_reopened for row in resolved)
    return ServiceTimes(
        n=len(rows),
        answered=len(waits),
        resolved=len(resolved),
        mean_first_response=fmean(waits) if waits else None,
        median_first_response=median(waits) if waits else None,
        p90_first_response=percentile(waits, 0.9),
        fast_replies=share(sum(wait <= FAST.total_seconds() for wait in waits), len(rows)),
        resolution=share(len(resolved), len(rows)),
        reopen=share(sum(row.is_reopened for row in resolved), len(resolved)),
        first_contact=share(at_once, len(resolved)),
        mean_resolve=fmean(spans) if spans else None,
        median_resolve=median(spans) if spans else None,
    )


def first_responses(stories: Iterable[TicketStory]) -> list[float]:
    """首响 of every answered ticket, in seconds; an answer before the question counts as at once."""
    return [
        max(0.0, (story.replied_at - story.created_at).total_seconds())
        for story in stories
        if story.replied_at is not None
    ]


def resolve_seconds(story: TicketStory) -> float:
    """处理时长: resolved − created − paused."""
    if story.resolved_at is None:
        raise ValueError("The ticket is not resolved.")
    return max(0.0, (story.resolved_at - story.created_at - story.paused).total_seconds())


def attainment(stories: Iterable[TicketStory], *, within: timedelta, now: datetime) -> float | None:
    """达标率 of resolution: met ÷ (met + breached). What is open and past due is breached, not yet due is left out."""
    met = breached = 0
    for story in stories:
        due_at = story.created_at + within + story.paused
        if story.resolved_at is not None and story.resolved_at <= due_at:
            met += 1
        elif (story.resolved_at or now) > due_at:
            breached += 1
    return share(met, met + breached)


def backlog(stories: Iterable[TicketStory], at: datetime) -> int:
    """积压 at a moment: received up to it and not resolved by then."""
    return sum(story.created_at <= at and (story.resolved_at is None or story.resolved_at > at) for story in stories)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the values lie, interpolated linearly; None without values."""
    if not 0 <= share <= 1:
        raise ValueError("A share lies between 0 and 1.")
    if not values:
        return None
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
