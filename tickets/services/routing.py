"""Which queue a ticket waits in, and which agent gets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, Func, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce
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

#: Kinds of channels at whose other end somebody waits: whoever takes these must be there.
LIVE_CHANNELS = ("chat", "shop", "social", "wechat")
#: Of these, the conversations that count as chats: nobody is handed one who is not online or has enough.
CHAT_CHANNELS = ("chat", "wechat")


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
    """The least loaded agent on duty and on shift who is below their limit; ties go to who waited longest.

    Call inside a transaction: the lock is held until it commits, so no agent is given
    more than their limit by two intakes at once. Where nobody is free there is nothing to
    hold: in a flood intakes do not queue up behind one another.
    """
    lock = Func(Value(_DISPATCH_LOCK), function="pg_advisory_xact_lock", output_field=TextField())
    # One statement looks and, if somebody is free, waits for the lock; whoever held it may have given
    # the last free place away, so another looks again.
    if _free_agents(queue_id).annotate(held=lock).values_list("held").first() is None:
        return None
    return _free_agents(queue_id).first()


def _free_agents(queue_id: int) -> "QuerySet[User]":
    """Who may be given a ticket of the queue, the one whose turn it is first."""
    # Counted person by person on the index of open tickets: a join would read all they ever had.
    theirs = Ticket.objects.filter(assignee=OuterRef("pk")).order_by()
    working = theirs.filter(status__in=[TicketStatus.NEW, TicketStatus.OPEN]).values("assignee")
    newest = theirs.order_by("-created_at", "-pk").values("pk")[:1]
    return (
        get_user_model()
        .objects.dispatch_candidates(queue_id)
        .annotate(load=Coalesce(Subquery(working.annotate(n=Count("pk")).values("n")), 0), newest=Subquery(newest))
        .filter(load__lt=F("limit"))
        .order_by("load", F("newest").asc(nulls_first=True), "pk")
    )


def check_is_there(to: "User", ticket: Ticket) -> None:
    """Refuse a chat to somebody who is not online, or has as many tickets as they may have (409)."""
    if ticket.channel.kind not in CHAT_CHANNELS or to.pk == ticket.assignee_id:
        return
    found = get_user_model().objects.filter(pk=to.pk).on_duty().with_limit().first()
    if found is None:
        sentence = str(_("%(name)s 不在线，不能接待会话。") % {"name": to.name})
        raise Conflict(sentence, code="not_online", fields={"assignee": [sentence]})
    if load_of(to) >= found.limit:
        sentence = str(_("%(name)s 已达最大接待数 %(limit)s。") % {"name": to.name, "limit": found.limit})
        raise Conflict(sentence, code="at_limit", fields={"assignee": [sentence]})


def load_of(user: "User") -> int:
    """Tickets the agent is working on now."""
    return Ticket.objects.filter(assignee=user, status__in=[TicketStatus.NEW, TicketStatus.OPEN]).count()


def least_busy(people: "Sequence[User]") -> "User | None":
    """Who of them works on the fewest tickets now; None of nobody."""
    rows = Ticket.objects.filter(assignee__in=people, status__in=[TicketStatus.NEW, TicketStatus.OPEN]).order_by()
    load = dict(rows.values_list("assignee").annotate(n=Count("pk")))
    return min(people, key=lambda person: (load.get(person.pk, 0), person.pk), default=None)


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


def release_agent(*, agent: "User", actor: "User | None", live_only: bool = False, reason: str = "") -> int:
    """Return an agent's open tickets to their queues; `live_only`: those whose customer waits at the other end now.

    Returns how many. Two callers at once return each ticket once.
    """
    with transaction.atomic():
        rows = Ticket.objects.filter(assignee=agent, status__in=OPEN_STATUSES)
        if live_only:
            rows = rows.filter(channel__kind__in=LIVE_CHANNELS)
        tickets = list(rows.order_by("pk").select_for_update(of=("self",)))
        for ticket in tickets:
            if ticket.status == TicketStatus.OPEN:
                ticket.status = TicketStatus.NEW
            ticket.assignee = None
            ticket.updated_at = clock.now()
            ticket.save(update_fields=["status", "assignee", "updated_at"])
        record_events(
            [
                events.ticket_event(events.UPDATED, t, actor, action="release", was=agent.pk, because=reason)
                for t in tickets
            ]
        )
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
