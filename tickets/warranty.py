"""How long a thing is under warranty: plans, time in repair taken out, the best plan counts. No rows, no Django.

A period of months ends on the same day of the month (R-19); days on which the thing was being repaired are
added to it (R-15), the day it came in and the day it went out both counted, for the customer. Where several
plans cover the same moment the one that lasts longest is the customer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tickets.eligibility.judging import add_months

SLOW_REPAIR_DAYS = 30


@dataclass(frozen=True)
class Plan:
    """One promise: its first day and its months."""

    id: int
    starts_on: date
    months: int


@dataclass(frozen=True)
class Repair:
    """From the day it came in to the day it went out; None while it is still with us."""

    started_on: date
    ended_on: date | None = None


@dataclass(frozen=True)
class Coverage:
    """Until when each plan runs (by id), which counts, and how many days of repair were added to it."""

    ends: dict[int, date]
    best: int | None
    until: date | None
    repair_days: int
    is_covered: bool


def coverage(plans: Sequence[Plan], repairs: Sequence[Repair], on: date) -> Coverage:
    """What holds on a day. A repair that is still going on counts up to that day."""
    spans = _merged([(repair.started_on, repair.ended_on or on) for repair in repairs if repair.started_on <= on])
    ended = {plan.id: end_of(plan, spans) for plan in plans}
    running = [plan for plan in plans if plan.starts_on <= on]
    best = max(running or plans, key=lambda plan: ended[plan.id][0], default=None)
    if best is None:
        return Coverage({}, None, None, 0, False)
    until, days = ended[best.id]
    ends = {key: end for key, (end, _days) in ended.items()}
    return Coverage(ends, best.id, until, days, best.starts_on <= on <= until)


def end_of(plan: Plan, spans: Sequence[tuple[date, date]]) -> tuple[date, int]:
    """The last day of the plan and the days of repair in it. Only a repair that began while it ran counts."""
    end, added = add_months(plan.starts_on, plan.months), 0
    for first, last in spans:
        if first > end or last < plan.starts_on:
            continue
        days = (last - max(first, plan.starts_on)).days + 1
        end, added = end + timedelta(days=days), added + days
    return end, added


def _merged(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """The same days without counting any twice."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if last < first:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
