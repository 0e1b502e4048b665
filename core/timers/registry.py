from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.timers.models import Timer

TimerHandler = Callable[[Timer], None]
PeriodicHandler = Callable[[datetime], None]


class Postpone(Exception):
    """Raised by a handler that wants to be asked again at `until`; not counted as a failure."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True)
class PeriodicJob:
    name: str
    every: timedelta
    offset: timedelta
    handler: PeriodicHandler


timer_handlers: dict[str, TimerHandler] = {}
periodic_jobs: dict[str, PeriodicJob] = {}


def timer_handler(kind: str) -> Callable[[TimerHandler], TimerHandler]:
    """Register what happens when timers of `kind` are due. Put it in the app's `timers.py`.

    The handler runs inside the transaction of the firing and may run again if that transaction is
    rolled back: it writes rows, and leaves effects on the outside to the outbox. Raising anything but
    `Postpone` undoes what it wrote and tries again later; after 8 failures the timer is dead.
    """

    def register(handler: TimerHandler) -> TimerHandler:
        known = timer_handlers.get(kind)
        if known is not None and known.__qualname__ != handler.__qualname__:
            raise ValueError(f"Two handlers for timers of kind {kind}.")
        timer_handlers[kind] = handler
        return handler

    return register


def periodic(
    name: str, *, every: timedelta, offset: timedelta = timedelta(0)
) -> Callable[[PeriodicHandler], PeriodicHandler]:
    """Register a job for each slot of length `every`, counted from midnight in TIME_ZONE plus `offset`.

    It runs once a slot whatever the number of tickers, like a timer (retries, dead, replay). Slots
    missed while everything was down are not made up, except the newest.
    """

    def register(handler: PeriodicHandler) -> PeriodicHandler:
        known = periodic_jobs.get(name)
        if known is not None and known.handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"Two periodic jobs are called {name}.")
        periodic_jobs[name] = PeriodicJob(name, every, offset, handler)
        return handler

    return register
