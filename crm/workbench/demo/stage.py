"""Time on the stage: lives that act and wait, and the timers that go off between their acts."""

import heapq
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from itertools import count

from django.apps import apps
from django.db import connection
from django.db.models import Max

from core import clock
from core.errors import DomainError
from core.events import Event
from core.timers import fire_due
from crm.followups import consumers
from crm.workbench.demo.people import Roster
from tickets.choices import TicketStatus
from tickets.services import routing
from tickets.services.norms import judging

#: A life acts, then yields the moment at which it goes on.
Life = Generator[datetime, None, None]
#: After these somebody may be free for a waiting ticket.
FREEING = frozenset(
    {
        "ticket.updated",
        "ticket.solved",
        "ticket.closed",
        "ticket.merged",
        "ticket.reopened",
        "staff.availability_changed",
    }
)
#: Nobody else sees the growing tables before the story is told, so nobody else keeps the planner informed.
ACTS_BETWEEN_LOOKS = 400
#: Below this the index holds fired timers only, which the telling transaction would read again and again.
OLDEST_ARMED = timedelta(days=2)
_NEXT_TIMER = """
SELECT t.next_at FROM core_timer t
WHERE t.state = 'armed' AND t.next_at > %s AND (t.kind NOT IN ('sla.due', 'sla.warn') OR EXISTS (
    SELECT FROM tickets_slaclock c
    WHERE c.id = (t.payload->>'clock')::bigint AND c.met_at IS NULL AND c.cancelled_at IS NULL))
ORDER BY t.next_at LIMIT 1
"""
_FRESH_EVENTS = """
SELECT id, kind, EXISTS (SELECT FROM tickets_ticket WHERE status = %s) FROM core_event WHERE id > %s ORDER BY id
"""


class Stage:
    """Plays lives in the order of time up to `end`, each act with the clock pinned to its moment."""

    def __init__(self, *, end: datetime, roster: Roster, progress: Callable[[float], None]) -> None:
        self.end = end
        self.roster = roster
        self._progress = progress
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._order = count()
        self._acts = 0
        self._now = end - timedelta(days=365)
        self._due: datetime | None = None
        self._is_due_known = False
        #: Lives that could not go on, and why.
        self.broken: list[str] = []
        self._last_event = Event.objects.aggregate(last=Max("pk"))["last"] or 0

    def enter(self, life: Life, at: datetime) -> None:
        """Let a life begin at a moment."""
        heapq.heappush(self._waiting, (at, next(self._order), life))

    def play(self) -> int:
        """Play until nobody has anything to do before the end; returns the number of acts."""
        while self._waiting and self._waiting[0][0] <= self.end:
            at, _order, life = heapq.heappop(self._waiting)
            self._let_timers_fire(at)
            self._now = at
            with clock.at(at):
                following = self._act(life, at)
                self._follow_up()
            if following is not None:
                self.enter(life, max(following, at + timedelta(seconds=1)))
            self._acts += 1
            self._progress(self._acts)
            if self._acts % ACTS_BETWEEN_LOOKS == 0:
                _look_at_tables()
        self._let_timers_fire(self.end)
        return self._acts

    def _act(self, life: Life, at: datetime) -> datetime | None:
        """One act. A life that the rules do not let go on ends here: chance depends on the day, the story must not."""
        try:
            return next(life, None)
        except DomainError as error:
            self.broken.append(f"{at:%m-%d %H:%M} {life.__name__}: {error.message}")
            return None

    def _let_timers_fire(self, until: datetime) -> None:
        """Fire what is due up to a moment, each timer at its own."""
        while (due := self._next_timer()) is not None and due <= until:
            # One batch at a time: the next timer may be due at another moment.
            fire_due(now=due, budget_seconds=0)
            self._is_due_known, self._now = False, due
            with clock.at(due):
                self._follow_up()

    def _next_timer(self) -> datetime | None:
        """When the next timer is due that will do something; those of ended clocks are swept along with it.

        Asked again only after something happened: nothing arms a timer in silence. One armed for a moment
        long past (a promise made stricter) fires with the next one.
        """
        if not self._is_due_known:
            with connection.cursor() as cursor:
                cursor.execute(_NEXT_TIMER, [self._now - OLDEST_ARMED])
                self._due = next(iter(cursor.fetchone() or ()), None)
            self._is_due_known = True
        return self._due

    def _follow_up(self) -> None:
        """What workers would do by now: surveys, visits and norms follow the events, free hands get waiting tickets."""
        with connection.cursor() as cursor:
            cursor.execute(_FRESH_EVENTS, [TicketStatus.NEW, self._last_event])
            fresh = cursor.fetchall()
        if not fresh:
            return
        self._is_due_known = False
        self._last_event = fresh[-1][0]
        wanted = [pk for pk, kind, _waiting in fresh if kind in consumers.KINDS]
        if wanted:
            consumers.react(Event.objects.filter(pk__in=wanted).order_by("pk"))
        ended = [pk for pk, kind, _waiting in fresh if kind in judging.KINDS]
        if ended:
            judging.judge(Event.objects.filter(pk__in=ended).order_by("pk"))
        if any(waiting and kind in FREEING for _pk, kind, waiting in fresh):
            routing.dispatch_waiting()


def _look_at_tables() -> None:
    """Tell the query planner how large the tables have become."""
    tables = [
        model._meta.db_table
        for label in ("core", "customers", "tickets", "followups", "staff")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
