"""Which queue a ticket waits in, and which agent gets it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import EventData, record_events
from tickets import events
from tickets.choices import OPEN_STATUSES, TicketStatus
from tickets.models import Queue, Ticket
from tickets.services import catalogue
from tickets.services.facts import TicketFacts, first_match

if TYPE_CHECKING:
    from crm.staff.models import User

# One lock for all dispatching: an agent serves several queues, so a lock per queue could
# let two transactions both see the last free place of the same agent.
_DISPATCH_LOCK = 0x6B65616E


@dataclass(frozen=True)
class Route:
    """Where a ticket goes and why. `rule` is None when no rule matched."""

    queue: Queue
    rule: str | None
    priority: str = ""
    unrouted: bool = False


def choose_queue(ticket: Ticket, *, body: str = "", judged_queue: str = "") -> Route:
    """The first matching rule's queue; else the judged queue; else the default queue, with an alarm."""
    configuration = catalogue.in_force()
    by_id = {queue.pk: queue for queue in configuration.queues.values()}
    rule = first_match(configuration.routing_rules, TicketFacts(ticket, body=body))
    if rule is not None and rule.queue_id in by_id:
        return Route(by_id[rule.queue_id], rule.name, rule.priority)
    judged = configuration.queues.get(judged_queue)
    if judged is not None:
        return Route(judged, None)
    return Route(catalogue.default_queue(), None, unrouted=True)


def explain(ticket: Ticket, *, body: str = "") -> list[dict[str, object]]:
    """Every rule in order of precedence and whether it matches: the dry run of capability B05."""
    facts = TicketFacts(ticket, body=body)
    rows: list[dict[str, object]] = []
    for rule in catalogue.in_force().routing_rules:
        matches = rule.condition.matches(facts)
        decides = matches and not any(row["decides"] for row in rows)
        rows.append({"rule": rule.name, "position": rule.position, "matches": matches, "decides": decides})
    return rows


def choose_assignee(queue_id: int) -> "User | None":
    """The least loaded agent on duty for the queue who is below their limit; ties go to who waited longest.

    Call inside a transaction: the lock is held until it commits, so no agent is given
    more than their limit by two intakes at once.
    """
    User = get_user_model()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DISPATCH_LOCK])
    working = Q(assigned_tickets__status__in=[TicketStatus.NEW, TicketStatus.OPEN])
    candidates = (
        User.objects.dispatch_candidates(queue_id)
        .annotate(
            load=Count("assigned_tickets", filter=working),
            last_given=Max("assigned_tickets__accepted_at", filter=working),
        )
        .order_by("load", "last_given", "pk")
    )
    return next((user for user in candidates if user.load < user.concurrency_limit), None)


def load_of(user: "User") -> int:
    """Tickets the agent is working on now."""
    return Ticket.objects.filter(assignee=user, status__in=[TicketStatus.NEW, TicketStatus.OPEN]).count()


def check_may_take(user: "User", queue_id: int) -> None:
    """Refuse an assignee who is inactive or may not answer tickets."""
    if not user.is_active or not user.has_perm("tickets.reply_ticket"):
        sentence = str(_("%(name)s 不能处理工单。") % {"name": user.name})
        raise InvalidInput(sentence, fields={"assignee": [sentence]})


@transaction.atomic
def dispatch_waiting(*, queue_id: int | None = None, limit: int = 50) -> int:
    """Give waiting tickets to agents who are free, oldest first. Returns how many were given."""
    waiting = Ticket.objects.waiting().order_by("created_at", "pk").select_for_update(skip_locked=True, of=("self",))
    if queue_id is not None:
        waiting = waiting.filter(queue_id=queue_id)
    given: list[EventData] = []
    full: set[int] = set()
    for ticket in waiting[:limit]:
        if ticket.queue_id in full:
            continue
        assignee = choose_assignee(ticket.queue_id)
        if assignee is None:
            full.add(ticket.queue_id)
            continue
        given.append(give(ticket, assignee))
    if given:
        record_events(given)
    return len(given)


def give(ticket: Ticket, assignee: "User") -> EventData:
    """Hand a waiting ticket to an agent: it is accepted from now on. Returns the event to record."""
    ticket.assignee = assignee
    ticket.status = TicketStatus.OPEN
    ticket.accepted_at = ticket.accepted_at or clock.now()
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["assignee", "status", "accepted_at", "updated_at"])
    return events.ticket_event(events.UPDATED, ticket, None, action="assign", to=assignee.pk, by="dispatch")


def release_agent(*, agent: "User", actor: "User | None") -> int:
    """Return an agent's working tickets to their queues (the agent disappeared). Returns how many."""
    with transaction.atomic():
        tickets = list(Ticket.objects.filter(assignee=agent, status__in=OPEN_STATUSES).select_for_update(of=("self",)))
        for ticket in tickets:
            if ticket.status == TicketStatus.OPEN:
                ticket.status = TicketStatus.NEW
            ticket.assignee = None
            ticket.updated_at = clock.now()
            ticket.save(update_fields=["status", "assignee", "updated_at"])
        record_events([events.ticket_event(events.UPDATED, t, actor, action="release") for t in tickets])
    return len(tickets)


def refuse_merged(ticket: Ticket) -> None:
    """A merged ticket takes no changes: they belong on the one it went into."""
    if ticket.merged_into_id:
        target = Ticket.objects.only("number").get(pk=ticket.merged_into_id)
        raise Conflict(
            str(_("该工单已合并到 %(number)s，请在那里处理。") % {"number": target.number}),
            code="merged",
            allowed=[],
        )
