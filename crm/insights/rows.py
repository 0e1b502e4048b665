"""The rows behind a figure: what was counted, newest first, a page at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.events import Event
from core.keyset import BadCursor, read_page
from crm.followups.choices import VisitOutcome
from crm.followups.events import SURVEY_ANSWERED, VISIT_COMPLETED
from crm.insights.metrics import METRICS, Metric
from crm.insights.questions import Question
from crm.templatetags.kean import span
from tickets.choices import Metric as Clock
from tickets.events import CLOSED, CREATED, MESSAGE, REOPENED, SOLVED
from tickets.models import Channel, Queue, SLAClock, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

PAGE_SIZE = 50


@dataclass(frozen=True)
class Shown:
    """One row. `ticket` is None when it has left the person's sight since."""

    at: datetime
    ticket: Ticket | None
    queue: str
    channel: str
    person: str
    text: str


@dataclass(frozen=True)
class ShownPage:
    title: str | Promise
    rows: list[Shown]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class Source:
    """Events of a kind; `text` says what the row shows besides ticket and people."""

    title: str | Promise
    condition: Q
    text: Callable[[Event, Ticket | None], str]


def _created(event: Event, ticket: Ticket | None) -> str:
    if ticket is None:
        return ""
    waited = ticket.first_responded_at
    answer = span((waited - ticket.occurred_at).total_seconds()) if waited else _("未回复")
    return _("首响 {answer} · {status}").format(answer=answer, status=ticket.get_status_display())


def _nothing(event: Event, ticket: Ticket | None) -> str:
    return str(event.payload.get("reason") or "")


def _came_back(event: Event, ticket: Ticket | None) -> str:
    return _("重开过") if ticket is not None and ticket.reopen_count else ""


def _score(event: Event, ticket: Ticket | None) -> str:
    return _("{score} 分").format(score=event.payload["score"])


def _outcome(event: Event, ticket: Ticket | None) -> str:
    outcome = event.payload.get("outcome", "")
    return str(VisitOutcome(outcome).label) if outcome in VisitOutcome.values else ""


SOURCES: dict[str, Source] = {
    "created": Source(lazy("受理的工单"), Q(kind=CREATED), _created),
    "solved": Source(lazy("解决记录"), Q(kind=SOLVED), _nothing),
    "first_solved": Source(lazy("首次解决的工单"), Q(kind=SOLVED, payload__solve_count=1), _came_back),
    "closed": Source(lazy("关闭记录"), Q(kind=CLOSED, payload__action="close"), _nothing),
    "reopened": Source(lazy("重开记录"), Q(kind=REOPENED), _nothing),
    "replies": Source(lazy("回复记录"), Q(kind=MESSAGE, payload__kind="reply"), _nothing),
    "surveys": Source(lazy("收到的评价"), Q(kind=SURVEY_ANSWERED, payload__score__gte=0), _score),
    "visits": Source(lazy("完成的回访"), Q(kind=VISIT_COMPLETED), _outcome),
}


def rows_behind(
    metric: Metric, user: "User", question: Question, *, cursor: str | None = None, person: int | None = None
) -> ShownPage:
    """A page of what a figure counts. With `person`, only what that person did."""
    if metric.rows == "breaches":
        return _breaches(metric, user, question, cursor, person)
    source = SOURCES[metric.rows]
    rows = events_of(source, user, question)
    if metric is METRICS["complaints"]:
        rows = rows.filter(payload__type="complaint")
    if person is not None:
        owner = Q(payload__assignee=person) if metric.rows == "surveys" else Q(actor_id=person)
        rows = rows.filter(owner)
    page = _page(rows.select_related("actor"), ("-at", "-id"), cursor)
    tickets = _tickets(user, [event.subject_id for event in page.rows if event.subject_type == "ticket"])
    names = _names()
    shown = [
        Shown(
            at=event.at,
            ticket=(ticket := tickets.get(event.subject_id)),
            queue=names["queue", event.payload.get("queue") or (ticket.queue_id if ticket else None)],
            channel=names["channel", event.payload.get("channel") or (ticket.channel_id if ticket else None)],
            person=event.actor.name if event.actor else "",
            text=source.text(event, ticket),
        )
        for event in page.rows
    ]
    return ShownPage(source.title, shown, page.next, page.previous)


def events_of(source: Source, user: "User", question: Question) -> QuerySet[Event]:
    """Events of the period in the person's sight: the queue is that of the moment, as it was counted."""
    rows = Event.objects.filter(source.condition, at__gte=question.period.start, at__lt=question.period.end)
    queues = None if user.sees_everything else sorted(user.queue_ids)
    if question.queue is not None:
        queues = [question.queue.pk]
    if queues is not None:
        # Visits carry no queue of their own; they were told to the one of their ticket.
        told = [f"queue:{pk}" for pk in queues]
        is_visit = source is SOURCES["visits"]
        rows = rows.filter(audience__overlap=told) if is_visit else rows.filter(payload__queue__in=queues)
    if question.channel is not None:
        tickets = Ticket.objects.filter(channel=question.channel).values("pk")
        named = Q(payload__channel=question.channel.pk)
        unnamed = Q(payload__channel=None, subject_type="ticket", subject_id__in=tickets)
        rows = rows.filter(unnamed if source in (SOURCES["visits"], SOURCES["surveys"]) else named)
    return rows


def _breaches(metric: Metric, user: "User", question: Question, cursor: str | None, person: int | None) -> ShownPage:
    """Clocks that ran out, by the moment they were due: the first response with its own metric, and so on."""
    clocks = [clock for clock in Clock.values if f"sla.{clock}.breached" in (metric.denominator or metric.numerator)]
    rows = SLAClock.objects.filter(
        metric__in=clocks, breached_at__gte=question.period.start, breached_at__lt=question.period.end
    )
    if not user.sees_everything:
        rows = rows.filter(ticket__queue_id__in=user.queue_ids)
    if question.queue is not None:
        rows = rows.filter(ticket__queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(ticket__channel=question.channel)
    if person is not None:
        rows = rows.filter(ticket__assignee_id=person)
    page = _page(rows.order_by(), ("-breached_at", "-id"), cursor)
    tickets = _tickets(user, [row.ticket_id for row in page.rows])
    names = _names()
    shown = []
    for row in page.rows:
        ticket = tickets.get(row.ticket_id)
        late = _("超出 {span}").format(span=span(_overrun(row))) if row.met_at else _unmet(row)
        shown.append(
            Shown(
                at=row.breached_at,
                ticket=ticket,
                queue=names["queue", ticket.queue_id if ticket else None],
                channel=names["channel", ticket.channel_id if ticket else None],
                person=ticket.assignee.name if ticket and ticket.assignee else "",
                text=_("{clock}超时 · {late}").format(clock=row.get_metric_display(), late=late),
            )
        )
    return ShownPage(lazy("超时清单"), shown, page.next, page.previous)


def _unmet(row: SLAClock) -> str:
    return _("仍未完成") if row.is_running else _("已取消")


def _overrun(row: SLAClock) -> float | None:
    return (row.met_at - row.breached_at).total_seconds() if row.met_at and row.breached_at else None


def _page(rows: QuerySet[Any], ordering: tuple[str, ...], cursor: str | None) -> Any:
    try:
        return read_page(rows, ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        # An old bookmark: begin at the beginning.
        return read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)


def _tickets(user: "User", ids: list[int | None]) -> dict[int | None, Ticket]:
    wanted = [pk for pk in ids if pk is not None]
    rows = Ticket.objects.visible_to(user).filter(pk__in=wanted).for_list()
    return {ticket.pk: ticket for ticket in rows}


class _Names(dict[tuple[str, int | None], str]):
    def __missing__(self, key: tuple[str, int | None]) -> str:
        return ""


def _names() -> Mapping[tuple[str, int | None], str]:
    """Names of queues and channels by kind and id. Two statements."""
    found = _Names()
    for kind, rows in (("queue", Queue.objects), ("channel", Channel.objects)):
        found.update({(kind, pk): name for pk, name in rows.values_list("pk", "name")})
    return found
