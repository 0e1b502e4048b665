"""The supervisor's board: who works, what waits, what is about to break, what broke today."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, InvalidInput
from core.text import row_id
from crm.insights.days import Period, day_of
from crm.staff.choices import Availability, Role
from crm.staff.models import Membership, User
from crm.staff.services import coverage
from crm.staff.services.guards import SUPERVISED_ROLES
from crm.workbench.desk import SOON
from tickets import peak
from tickets.choices import Metric, TicketStatus
from tickets.models import Queue, SLAClock, Ticket
from tickets.services import transitions
from tickets.services.norms import breaches

ROWS = 20
PEOPLE = 200
ANSWERING = (Role.AGENT, Role.LEAD)
_ORDER = {Availability.ONLINE: 0, Availability.BUSY: 1, Availability.BREAK: 2, Availability.OFFLINE: 3}


@dataclass(frozen=True)
class Agent:
    """A person with what lies on their desk; `load` is what counts against the limit."""

    user: User
    load: int
    paused: int
    overdue: int
    unmet: int = 0
    on_shift: bool = True
    may_be_sent_off: bool = False

    @property
    def limit(self) -> int:
        """How many at once, peak mode included."""
        return int(getattr(self.user, "limit", self.user.concurrency_limit))

    @property
    def is_full(self) -> bool:
        return self.load >= self.limit


@dataclass(frozen=True)
class QueueRow:
    """A queue with the ticket that has waited longest."""

    queue: Queue
    waiting: int
    overdue: int
    on_duty: int
    oldest: Any

    @property
    def is_unattended(self) -> bool:
        return self.on_duty == 0


@dataclass(frozen=True)
class AtRisk:
    """A ticket with the moment that matters, and who could take it."""

    ticket: Any
    at: datetime
    metric: str
    candidates: list[Agent] = field(default_factory=list)
    answered_at: datetime | None = None


class Board:
    """Everything the board shows, in a fixed number of queries."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.now = clock.now()
        self.morning = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        self.visible = Ticket.objects.visible_to(user)
        self.month = Period.month_of(day_of(self.now))
        self.unmet = breaches.tally(breaches.visible(user, self.month.start, self.month.end))
        self.agents = self._agents()
        self.gaps = coverage.flagged(queue_ids=user.queue_ids)
        self.peak = peak.current()
        self._serving, self._on_duty = self._rosters()
        self.counts = self._counts()
        self.queues = self._queues()
        self.soon = self._soon()
        self.breaches = self._breaches()

    @property
    def online(self) -> int:
        return sum(agent.user.availability == Availability.ONLINE for agent in self.agents)

    @property
    def unattended(self) -> list[QueueRow]:
        return [row for row in self.queues if row.is_unattended]

    def _agents(self) -> list[Agent]:
        answering = User.objects.visible_to(self.user).active().filter(role__in=ANSWERING)
        people = list(answering.with_limit()[:PEOPLE])
        on_shift = set(answering.on_shift(self.now).values_list("pk", flat=True))
        working = Q(status__in=[TicketStatus.NEW, TicketStatus.OPEN])
        rows = Ticket.objects.open().filter(assignee__in=people).order_by().values("assignee")
        loads = {
            row["assignee"]: row
            for row in rows.annotate(
                load=Count("pk", filter=working),
                paused=Count("pk", filter=~working),
                overdue=Count("pk", filter=Q(next_due_at__lt=self.now)),
            )
        }
        none = {"load": 0, "paused": 0, "overdue": 0}
        found = [
            Agent(
                person,
                **{name: loads.get(person.pk, none)[name] for name in ("load", "paused", "overdue")},
                unmet=self.unmet.by_person[person.pk],
                on_shift=person.pk in on_shift,
                may_be_sent_off=person.pk != self.user.pk and person.role in SUPERVISED_ROLES,
            )
            for person in people
        ]
        return sorted(found, key=lambda agent: (_ORDER[Availability(agent.user.availability)], -agent.load))

    def _rosters(self) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
        """By queue: everybody who serves it, and those of them on duty."""
        rows = Membership.objects.filter(
            team__queues__in=self.user.queue_ids, user__is_active=True, user__role__in=ANSWERING
        ).values_list("team__queues", "user", "user__availability")
        present = {agent.user.pk for agent in self.agents if agent.on_shift}
        serving: dict[int, set[int]] = defaultdict(set)
        on_duty: dict[int, set[int]] = defaultdict(set)
        for queue_id, user_id, availability in rows:
            serving[queue_id].add(user_id)
            if availability == Availability.ONLINE and user_id in present:
                on_duty[queue_id].add(user_id)
        return serving, on_duty

    def _counts(self) -> dict[str, int]:
        return self.visible.open().aggregate(
            waiting=Count("pk", filter=Q(status=TicketStatus.NEW)),
            soon=Count("pk", filter=Q(next_due_at__gte=self.now, next_due_at__lt=self.now + SOON)),
            overdue=Count("pk", filter=Q(next_due_at__lt=self.now)),
        )

    def _queues(self) -> list[QueueRow]:
        queues = list(Queue.objects.filter(pk__in=self.user.queue_ids))
        grouped = Ticket.objects.open().filter(queue__in=queues).order_by().values("queue")
        counts = {
            row["queue"]: row
            for row in grouped.annotate(
                waiting=Count("pk", filter=Q(status=TicketStatus.NEW)),
                overdue=Count("pk", filter=Q(next_due_at__lt=self.now)),
            )
        }
        first = Ticket.objects.waiting().filter(queue__in=queues).order_by("queue_id", "created_at", "pk")
        oldest = {ticket.queue_id: ticket for ticket in first.distinct("queue_id").for_list()}
        none = {"waiting": 0, "overdue": 0}
        return [
            QueueRow(
                queue,
                counts.get(queue.pk, none)["waiting"],
                counts.get(queue.pk, none)["overdue"],
                len(self._on_duty[queue.pk]),
                self._at_risk(oldest[queue.pk], oldest[queue.pk].created_at) if queue.pk in oldest else None,
            )
            for queue in queues
        ]

    def _soon(self) -> list[AtRisk]:
        rows = self.visible.due_between(self.now, self.now + SOON).for_list().order_by("next_due_at", "pk")
        return [self._at_risk(ticket, ticket.next_due_at) for ticket in rows[:ROWS]]

    def _breaches(self) -> list[AtRisk]:
        """First responses that were promised for today and were late, the latest first.

        A promise that broke a moment ago is here even if its timer has not fired yet.
        """
        clocks = SLAClock.objects.filter(
            metric=Metric.FIRST_RESPONSE, breached_at__gte=self.morning, ticket__in=self.visible
        ).select_related("ticket__customer", "ticket__queue", "ticket__assignee", "ticket__channel")
        found = {
            row.ticket_id: self._at_risk(row.ticket, row.breached_at, answered_at=row.met_at)
            for row in clocks.order_by("-breached_at")[:ROWS]
        }
        unmarked = self.visible.overdue(self.now).filter(
            first_response_due_at__gte=self.morning, first_response_due_at__lt=self.now, first_responded_at=None
        )
        for ticket in unmarked.exclude(pk__in=found).for_list().order_by("-first_response_due_at")[:ROWS]:
            found[ticket.pk] = self._at_risk(ticket, ticket.first_response_due_at)
        return sorted(found.values(), key=lambda row: row.at, reverse=True)[:ROWS]

    def _at_risk(self, ticket: Any, at: datetime, answered_at: datetime | None = None) -> AtRisk:
        metric = next((item.label for item in Metric if ticket.due_at(item) == at), "")
        return AtRisk(ticket, at, str(metric), list(self._candidates(ticket)), answered_at)

    def _candidates(self, ticket: Any) -> Iterable[Agent]:
        serving = self._serving[ticket.queue_id]
        return (agent for agent in self.agents if agent.user.pk in serving and agent.user.pk != ticket.assignee_id)


def _shown(request: HttpRequest, **extra: Any) -> HttpResponse:
    context = {"board": Board(request.user), **extra}  # type: ignore[arg-type]
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "workbench/board/panels.html" if is_fragment else "workbench/board/board.html", context)


@login_required
@permission_required("tickets.supervise_ticket", raise_exception=True)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """The board; its panels alone for htmx."""
    return _shown(request)


@login_required
@permission_required("tickets.supervise_ticket", raise_exception=True)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give a ticket to somebody from the board; a refusal shows beside the ticket."""
    number = request.POST.get("number", "")
    ticket = Ticket.objects.visible_to(request.user).filter(number=number[:20]).first()  # type: ignore[arg-type]
    if ticket is None:
        raise Http404
    try:
        person = _chosen(request)
        transitions.assign(ticket=ticket, actor=request.user, assignee=person, reason=_("主管看板"))  # type: ignore[arg-type]
    except DomainError as error:
        return _shown(request, fault=error, fault_number=ticket.number)
    told = _("已把工单 %(number)s 分派给 %(name)s。") % {"number": ticket.number, "name": person.name}
    if not getattr(request, "htmx", False):
        messages.success(request, told)
        return redirect("board")
    response = _shown(request)
    response["HX-Trigger"] = json.dumps({"kean:toast": {"text": told, "tone": "good"}})
    return response


def _chosen(request: HttpRequest) -> User:
    given = request.POST.get("assignee", "")
    people = User.objects.visible_to(request.user).active()  # type: ignore[arg-type]
    person = people.filter(pk=row_id(given)).first()
    if person is None:
        sentence = _("请选择负责人。")
        raise InvalidInput(sentence, fields={"assignee": [sentence]})
    return person
