"""What the home page shows: to those who answer, their work; to those who lead, the load.

Counts of open tickets come from the open tickets alone, everything about the past from the daily
counts: nothing here grows with the age of the system.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core import clock
from crm.followups.models import FollowUpVisit
from crm.insights.days import Period, start_of
from crm.insights.metrics import METRICS, Figure
from crm.insights.models import DayCount, PersonDayCount
from crm.insights.querysets import Totals
from crm.insights.questions import Question, rows_url, tickets_url, today
from tickets.choices import PAUSED_STATUSES, TicketStatus
from tickets.models import Channel, Queue, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

SOON = timedelta(hours=1)
NEXT = 8
VISITS = 5
CHART_DAYS = 14
LONG_DAYS = 30
WEEK = 7
LOAD = ("open", "waiting", "overdue", "soon", "unanswered")


@dataclass(frozen=True)
class Tile:
    """A number that opens its rows. `tone` (bad, warn) only when there is something to do."""

    label: str | Promise
    value: int
    url: str
    tone: str = ""
    note: str = ""
    icon: str = ""


@dataclass(frozen=True)
class Share:
    """A figure with its sample size and what it is about."""

    label: str
    figure: Figure
    url: str


@dataclass(frozen=True)
class Line:
    """A queue or channel: what is open now, what came today, how the last week went."""

    name: str
    key: str
    load: Mapping[str, int]
    received: int
    attainment: Figure
    satisfaction: Figure
    urls: Mapping[str, str]


@dataclass(frozen=True)
class ChartDay:
    day: date
    received: int
    solved: int
    url: str


def _load_counts() -> dict[str, Count]:
    """The counts every view of open tickets is made of."""
    now = clock.now()
    return {
        "open": Count("pk"),
        "waiting": Count("pk", filter=Q(status=TicketStatus.NEW)),
        "overdue": Count("pk", filter=Q(next_due_at__lt=now)),
        "soon": Count("pk", filter=Q(next_due_at__gte=now, next_due_at__lt=now + SOON)),
        "unanswered": Count("pk", filter=Q(first_responded_at=None, first_response_due_at__lt=now)),
    }


def nearest(user: "User", *, only_mine: bool) -> list[Ticket]:
    """The tickets whose clocks run out next; one's own and those nobody has, for those who answer."""
    rows = Ticket.objects.visible_to(user).open().exclude(status__in=PAUSED_STATUSES).filter(next_due_at__isnull=False)
    if only_mine:
        rows = rows.filter(Q(assignee=user) | Q(assignee=None))
    return list(rows.for_list().order_by("next_due_at", "id")[:NEXT])


def waiting_visits(user: "User", *, only_mine: bool) -> list[FollowUpVisit]:
    """Visits to be made by the end of today, the oldest first; one more than is shown when there are more."""
    rows = FollowUpVisit.objects.due_before(start_of(today() + timedelta(days=1)))
    if only_mine:
        rows = rows.filter(Q(assignee=user) | Q(assignee=None, ticket__queue_id__in=user.queue_ids))
    elif not user.sees_everything:
        rows = rows.filter(Q(assignee=user) | Q(ticket__queue_id__in=user.queue_ids))
    return list(rows.select_related("ticket", "customer", "assignee").order_by("due_at", "id")[: VISITS + 1])


@dataclass
class OwnWork:
    """An agent's page: what I hold, how my day goes, what comes next."""

    user: "User"

    @cached_property
    def tiles(self) -> list[Tile]:
        now = clock.now()
        mine = Q(assignee=self.user)
        found = (
            Ticket.objects.visible_to(self.user)
            .open()
            .aggregate(
                overdue=Count("pk", filter=mine & Q(next_due_at__lt=now)),
                soon=Count("pk", filter=mine & Q(next_due_at__gte=now, next_due_at__lt=now + SOON)),
                working=Count("pk", filter=mine & Q(status=TicketStatus.OPEN)),
                pending=Count("pk", filter=mine & Q(status=TicketStatus.PENDING)),
                on_hold=Count("pk", filter=mine & Q(status=TicketStatus.ON_HOLD)),
                waiting=Count("pk", filter=Q(status=TicketStatus.NEW)),
            )
        )
        return [
            _tile(
                _("已超时"),
                found["overdue"],
                "bad",
                "alert-octagon",
                assignee="me",
                status="unfinished",
                overdue="true",
            ),
            _tile(_("一小时内到期"), found["soon"], "warn", "hourglass-high", assignee="me", overdue="soon"),
            _tile(_("处理中"), found["working"], "", "player-play", assignee="me", status="open"),
            _tile(_("等待客户"), found["pending"], "", "hourglass", assignee="me", status="pending"),
            _tile(_("挂起"), found["on_hold"], "", "player-pause", assignee="me", status="on_hold"),
            _tile(_("待受理"), found["waiting"], "", "inbox", status="new"),
        ]

    @cached_property
    def _days(self) -> dict[date, Totals]:
        period = Period.ending(today(), days=LONG_DAYS)
        return PersonDayCount.objects.filter(person=self.user).within(period).totals_by("day")

    @cached_property
    def figures(self) -> list[Share]:
        """My day, and my satisfaction over thirty days: a day has too few answers to say anything."""
        day = self._days.get(today(), Counter())
        month: Totals = sum(self._days.values(), Counter())
        now, long = Question(Period(today(), today())), Question(Period.ending(today(), days=LONG_DAYS))
        me = str(self.user.pk)
        wanted = (
            (_("今日回复"), "replies", day, now),
            (_("今日解决"), "solved", day, now),
            (_("今日首响达标"), "first_response_sla", day, now),
            (_("近30天满意度"), "satisfaction", month, long),
        )
        return [
            Share(label, METRICS[key].figure(totals), rows_url(key, question, person=me))
            for label, key, totals, question in wanted
        ]

    @cached_property
    def next(self) -> list[Ticket]:
        return nearest(self.user, only_mine=True)

    @cached_property
    def visits(self) -> list[FollowUpVisit]:
        return waiting_visits(self.user, only_mine=True)


@dataclass
class Board:
    """The page of those who lead: today's load, attainment, satisfaction, and where it comes from."""

    user: "User"

    @cached_property
    def _open(self) -> dict[tuple[int, int], dict[str, int]]:
        """Open tickets by queue and channel: one statement over open tickets."""
        rows = Ticket.objects.visible_to(self.user).open().order_by().values("queue_id", "channel_id")
        return {(row.pop("queue_id"), row.pop("channel_id")): row for row in rows.annotate(**_load_counts())}

    @cached_property
    def _days(self) -> dict[date, Totals]:
        period = Period.ending(today(), days=LONG_DAYS)
        return DayCount.objects.visible_to(self.user).within(period).totals_by("day")

    def _totals(self, days: int) -> Totals:
        period = Period.ending(today(), days=days)
        return sum((self._days.get(day, Counter()) for day in period.days()), Counter())

    @cached_property
    def tiles(self) -> list[Tile]:
        load: Counter[str] = sum((Counter(row) for row in self._open.values()), Counter())
        received, solved = METRICS["received"], METRICS["solved"]
        now = Question(Period(today(), today()))
        day, week_ago = (self._days.get(today() - timedelta(days=back), Counter()) for back in (0, WEEK))
        same_day = _("上周同日 {n}")
        return [
            Tile(
                _("今日受理"),
                received.size(day),
                rows_url("received", now),
                note=same_day.format(n=received.size(week_ago)),
                icon="inbox",
            ),
            Tile(
                _("今日解决"),
                solved.size(day),
                rows_url("solved", now),
                note=same_day.format(n=solved.size(week_ago)),
                icon="circle-check",
            ),
            _tile(_("未结"), load["open"], "", "stack-2", status="unfinished"),
            _tile(_("待受理"), load["waiting"], "", "user-question", status="new"),
            replace(
                _tile(_("已超时"), load["overdue"], "bad", "alert-octagon", status="unfinished", overdue="true"),
                note=_("其中首响超时 {n}").format(n=load["unanswered"]),
            ),
            _tile(_("一小时内到期"), load["soon"], "warn", "hourglass-high", status="unfinished", overdue="soon"),
        ]

    @cached_property
    def figures(self) -> list[Share]:
        wanted = (
            (_("今日首响达标率"), "first_response_sla", 1),
            (_("近7天首响达标率"), "first_response_sla", WEEK),
            (_("近7天时效达标率"), "sla", WEEK),
            (_("近30天满意度"), "satisfaction", LONG_DAYS),
        )
        return [
            Share(
                label,
                METRICS[key].figure(self._totals(days)),
                rows_url(key, Question(Period.ending(today(), days=days))),
            )
            for label, key, days in wanted
        ]

    @cached_property
    def chart_period(self) -> Period:
        return Period.ending(today(), days=CHART_DAYS)

    @cached_property
    def chart(self) -> list[ChartDay]:
        """The last fourteen days, the oldest first."""
        days = []
        for day in self.chart_period.days():
            totals = self._days.get(day, Counter())
            url = rows_url("received", Question(Period(day, day)))
            days.append(ChartDay(day, METRICS["received"].size(totals), METRICS["solved"].size(totals), url))
        return days

    @property
    def chart_data(self) -> dict[str, Any]:
        """The chart's numbers, those of its table."""
        received, solved = METRICS["received"].label, METRICS["solved"].label
        return {
            "days": [f"{line.day:%m-%d}" for line in self.chart],
            "series": [
                {"name": str(received), "kind": "bar", "values": [line.received for line in self.chart]},
                {"name": str(solved), "kind": "line", "values": [line.solved for line in self.chart]},
            ],
        }

    @cached_property
    def _recent(self) -> dict[tuple[int | None, int | None, date], Totals]:
        """The last seven days by queue, channel and day."""
        period = Period.ending(today(), days=WEEK)
        rows = DayCount.objects.visible_to(self.user).within(period)
        return rows.totals_by("queue_id", "channel_id", "day")

    @cached_property
    def queues(self) -> list[Line]:
        return self._lines(0, "queue", Queue.objects.values_list("pk", "key", "name"))

    @cached_property
    def channels(self) -> list[Line]:
        return self._lines(1, "channel", Channel.objects.values_list("pk", "key", "name"))

    def _lines(self, place: int, field: str, names: Any) -> list[Line]:
        """A line for each queue (place 0) or channel (place 1) with anything open or counted; the fullest first."""
        load: dict[int, Counter[str]] = defaultdict(Counter)
        day: dict[int | None, Totals] = defaultdict(Counter)
        week: dict[int | None, Totals] = defaultdict(Counter)
        for keys, row in self._open.items():
            load[keys[place]].update(row)
        for (queue, channel, on), totals in self._recent.items():
            pk = (queue, channel)[place]
            week[pk].update(totals)
            if on == today():
                day[pk].update(totals)
        lines = [
            _line(name, key, field, load[pk], day[pk], week[pk]) for pk, key, name in names if pk in load or pk in week
        ]
        return sorted(lines, key=lambda line: (-line.load["open"], -line.received, line.name))

    @cached_property
    def next(self) -> list[Ticket]:
        return nearest(self.user, only_mine=False)

    @cached_property
    def visits(self) -> list[FollowUpVisit]:
        return waiting_visits(self.user, only_mine=False)


def _tile(label: str, value: int, tone: str, icon: str, **filters: str) -> Tile:
    return Tile(label, value, tickets_url(**filters), tone if value else "", icon=icon)


def _line(name: str, key: str, field: str, load: Counter[str], day: Totals, week: Totals) -> Line:
    unfinished = {"status": "unfinished", field: key}
    recent = Question(Period.ending(today(), days=WEEK))
    return Line(
        name=name,
        key=key,
        load={word: load[word] for word in LOAD},
        received=METRICS["received"].size(day),
        attainment=METRICS["first_response_sla"].figure(week),
        satisfaction=METRICS["satisfaction"].figure(week),
        urls={
            "open": tickets_url(**unfinished),
            "waiting": tickets_url(status="new", **{field: key}),
            "overdue": tickets_url(overdue="true", **unfinished),
            "received": rows_url("received", Question(Period(today(), today())), **{field: key}),
            "attainment": rows_url("first_response_sla", recent, **{field: key}),
            "satisfaction": rows_url("satisfaction", recent, **{field: key}),
        },
    )
