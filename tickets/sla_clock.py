"""The arithmetic of a promise on time: due moment, warnings, what is left. No rows, no Django.

A clock is derived, never counted up: from its start, its target, the pauses that happened and the
schedule of its calendar. After a change of priority, policy or calendar it is simply read again
with the new target or schedule, so a pause cannot get lost and is always measured in the same
working time as the target.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.calendars.arithmetic import Schedule

ClockState = Literal["running", "paused", "met", "breached"]


@dataclass(frozen=True)
class Pause:
    """A span in which the clock stood still; `ended_at` None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class WarningMoment:
    """A moment before the due moment at which `share` of the target is used up; None while paused."""

    share: float
    at: datetime | None


@dataclass(frozen=True)
class Reading:
    """A clock at one moment.

    `due_at` and the warnings are None while an open pause keeps them unknown. `consumed` and
    `remaining` are seconds of working time; `remaining` is negative when overdue. `breached_at`
    is the moment the promise was broken, even if the work was done later.
    """

    state: ClockState
    due_at: datetime | None
    warnings: tuple[WarningMoment, ...]
    consumed: int
    remaining: int
    breached_at: datetime | None


def warning_seconds(target_seconds: int, share: float) -> int:
    """Seconds of working time after which a share of the target is used up, rounded up."""
    if not 0 < share < 1:
        raise ValueError("A warning comes after more than none and less than all of the target.")
    return math.ceil(round(target_seconds * share, 6))


def moment_after(
    schedule: Schedule, *, started_at: datetime, seconds: int, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """When so many seconds of unpaused working time have passed; None while an open pause hides it."""
    ended = [(pause.started_at, pause.ended_at) for pause in pauses if pause.ended_at is not None]
    lasting = [pause.started_at for pause in pauses if pause.ended_at is None]
    moment = schedule.add(started_at, seconds, ended)
    if lasting and moment > min(lasting):
        return None
    return moment


def due_at(
    schedule: Schedule, *, started_at: datetime, target_seconds: int, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The last moment at which the promise is still kept; None while an open pause hides it."""
    return moment_after(schedule, started_at=started_at, seconds=target_seconds, pauses=pauses)


def warnings(
    schedule: Schedule,
    *,
    started_at: datetime,
    target_seconds: int,
    pauses: Sequence[Pause] = (),
    warn_at: Iterable[float] = (0.5, 0.8),
) -> tuple[WarningMoment, ...]:
    """The warning moments, earliest share first."""
    return tuple(
        WarningMoment(
            share,
            moment_after(
                schedule, started_at=started_at, seconds=warning_seconds(target_seconds, share), pauses=pauses
            ),
        )
        for share in sorted(warn_at)
    )


def consumed_seconds(schedule: Schedule, *, started_at: datetime, until: datetime, pauses: Sequence[Pause] = ()) -> int:
    """Whole seconds of unpaused working time from the start to `until`."""
    spans = [(pause.started_at, pause.ended_at or max(until, pause.started_at)) for pause in pauses]
    return schedule.between(started_at, until, spans)


def read_clock(
    schedule: Schedule,
    *,
    started_at: datetime,
    target_seconds: int,
    now: datetime,
    pauses: Sequence[Pause] = (),
    warn_at: Iterable[float] = (0.5, 0.8),
    met_at: datetime | None = None,
) -> Reading:
    """Read the clock at `now`; `met_at` is when the promised thing was done, if it was.

    The due moment itself still keeps the promise; any later instant breaks it. A pause that
    begins before the due moment keeps a clock from being overdue.
    """
    until = now if met_at is None else min(met_at, now)
    due = due_at(schedule, started_at=started_at, target_seconds=target_seconds, pauses=pauses)
    consumed = consumed_seconds(schedule, started_at=started_at, until=until, pauses=pauses)
    broken = due is not None and until > due
    return Reading(
        state=_state(met=met_at is not None and met_at <= now, broken=broken, paused=is_paused(pauses, now)),
        due_at=due,
        warnings=warnings(
            schedule, started_at=started_at, target_seconds=target_seconds, pauses=pauses, warn_at=warn_at
        ),
        consumed=consumed,
        remaining=target_seconds - consumed,
        breached_at=due if broken else None,
    )


def is_paused(pauses: Sequence[Pause], at: datetime) -> bool:
    return any(pause.started_at <= at and (pause.ended_at is None or at < pause.ended_at) for pause in pauses)


def _state(*, met: bool, broken: bool, paused: bool) -> ClockState:
    if broken:
        return "breached"
    if met:
        return "met"
    return "paused" if paused else "running"
