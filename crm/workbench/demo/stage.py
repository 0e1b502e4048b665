"""Time on the stage: lives that act and wait, and the timers that go off between their acts."""

import heapq
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from itertools import count

from django.db.models import Max, Min

from core import clock
from core.events import Event
from core.timers import Timer, fire_due
from core.timers.models import TimerState
from crm.followups import consumers
from crm.workbench.demo.people import Roster
from tickets.services import routing

#: A life acts, then yields the moment at which it goes on.
Life = Generator[datetime, None, None]


class Stage:
    """Plays lives in the order of time up to `end`, each act with the clock pinned to its moment."""

    def __init__(self, *, end: datetime, roster: Roster, progress: Callable[[float], None]) -> None:
        self.end = end
        self.roster = roster
        self._progress = progress
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._order = count()
        self._acts = 0
        self._last_event = Event.objects.aggregate(last=Max("pk"))["last"] or 0

    def enter(self, life: Life, at: datetime) -> None:
        """Let a life begin at a moment."""
        heapq.heappush(self._waiting, (at, next(self._order), life))

    def play(self) -> int:
        """Play until nobody has anything to do before the end; returns the number of acts."""
        while self._waiting and self._waiting[0][0] <= self.end:
            at, _order, life = heapq.heappop(self._waiting)
            self._let_timers_fire(at)
            with clock.at(at):
                following = next(life, None)
                self._react()
                routing.dispatch_waiting()
            if following is not None:
                self.enter(life, max(following, at + timedelta(seconds=1)))
            self._acts += 1
            self._progress(self._acts)
        self._let_timers_fire(self.end)
        return self._acts

    def _let_timers_fire(self, until: datetime) -> None:
        """Fire what is due up to a moment, each timer at its own."""
        armed = Timer.objects.filter(state=TimerState.ARMED)
        while (due := armed.aggregate(next=Min("next_at"))["next"]) is not None and due <= until:
            fire_due(now=due)
            with clock.at(due):
                self._react()

    def _react(self) -> None:
        """What a worker would do by now: surveys and visits follow the tickets' events."""
        fresh = list(
            Event.objects.filter(pk__gt=self._last_event)
            .order_by("pk")
            .only("pk", "kind", "at", "payload", "subject_id")
        )
        if fresh:
            self._last_event = fresh[-1].pk
            consumers.react(event for event in fresh if event.kind in consumers.KINDS)
