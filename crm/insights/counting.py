"""What an event adds to the counts.

`Background.of` reads what a batch of events needs to know about its tickets, in a handful of
statements; `facts` is computation alone. Both read only what does not change afterwards, so the
same events give the same counts today and when everything is counted anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from core.events import Event
from crm.followups.events import SURVEY_ANSWERED, SURVEY_INVITED, VISIT_COMPLETED
from crm.insights import keys
from crm.insights.days import day_of
from tickets.choices import Metric
from tickets.events import CLOSED, CREATED, MESSAGE, REOPENED, SLA_BREACHED, SOLVED
from tickets.models import SLAClock, Ticket

KINDS = (CREATED, MESSAGE, SOLVED, CLOSED, REOPENED, SLA_BREACHED, SURVEY_INVITED, SURVEY_ANSWERED, VISIT_COMPLETED)
FAST_SECONDS = 180
COHORT = timedelta(days=7)
SATISFIED_FROM = 4
_REPLY = "reply"
_ENDED_BY_REPLY = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE)


@dataclass(frozen=True)
class Fact:
    """One contribution to a count."""

    day: date
    queue: int | None
    channel: int | None
    person: int | None
    key: str
    value: int = 1


@dataclass(frozen=True)
class Mark:
    """An earlier event of a ticket; the kind of a reply is `reply`."""

    id: int
    kind: str
    at: datetime
    queue: int | None
    channel: int | None
    clock: int | None


@dataclass(frozen=True)
class Promise:
    """A clock of a ticket. `breached_at` is set once and never taken back."""

    id: int
    metric: str
    met_at: datetime | None
    breached_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True)
class TicketTimes:
    occurred_at: datetime
    first_responded_at: datetime | None
    channel: int


@dataclass
class Background:
    """What is known of the tickets of a batch."""

    marks: dict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    promises: dict[int, list[Promise]] = field(default_factory=lambda: defaultdict(list))
    tickets: dict[int, TicketTimes] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Background":
        """Three statements at most, whatever the number of events."""
        found = cls()
        moved = _tickets(event for event in events if _is_reply(event) or event.kind in (SOLVED, REOPENED))
        asked = moved | _tickets(event for event in events if event.kind.startswith(("survey.", "visit.")))
        if asked:
            rows = Ticket.objects.filter(pk__in=asked)
            for pk, *times in rows.values_list("pk", "occurred_at", "first_responded_at", "channel_id"):
                found.tickets[pk] = TicketTimes(*times)
        if moved:
            found._read_marks(moved)
            for row in SLAClock.objects.filter(ticket_id__in=moved).order_by("id"):
                promise = Promise(row.pk, row.metric, row.met_at, row.breached_at, row.cancelled_at)
                found.promises[row.ticket_id].append(promise)
        return found

    def _read_marks(self, ticket_ids: set[int]) -> None:
        rows = Event.objects.filter(subject_type="ticket", subject_id__in=ticket_ids).filter(
            Q(kind__in=[CREATED, SOLVED, REOPENED, SLA_BREACHED]) | Q(kind=MESSAGE, payload__kind=_REPLY)
        )
        names = ("subject_id", "id", "kind", "at", "payload__queue", "payload__channel", "payload__clock")
        for ticket_id, pk, kind, *rest in rows.order_by("id").values_list(*names):
            self.marks[ticket_id].append(Mark(pk, _REPLY if kind == MESSAGE else kind, *rest))

    def before(self, event: Event, *kinds: str) -> list[Mark]:
        """Earlier events of the same ticket, oldest first."""
        return [mark for mark in self.marks.get(event.subject_id or 0, ()) if mark.id < event.pk and mark.kind in kinds]


def _tickets(events: Iterable[Event]) -> set[int]:
    return {event.subject_id for event in events if event.subject_type == "ticket" and event.subject_id is not None}


def _is_reply(event: Event) -> bool:
    return event.kind == MESSAGE and event.payload.get("kind") == _REPLY


def facts(event: Event, background: Background) -> Iterator[Fact]:
    """Everything one event adds."""
    match event.kind:
        case "ticket.created":
            yield _fact(event, keys.received(event.payload.get("type", "other")))
        case "message.created" if _is_reply(event):
            yield _fact(event, keys.REPLIES, person=event.actor_id)
            yield from _first_answer(event, background)
            yield from _answer_verdicts(event, background)
        case "ticket.solved":
            yield from _solved(event, background)
        case "ticket.closed":
            yield _fact(event, keys.CANCELLED if event.payload.get("action") == "cancel" else keys.CLOSED)
        case "ticket.reopened":
            yield _fact(event, keys.REOPENED)
            yield from _came_back(event, background)
        case "sla.breached":
            due_at = parse_datetime(event.payload.get("due_at") or "") or event.at
            person = event.payload.get("assignee")
            yield _fact(event, keys.breached(event.payload["metric"]), day=day_of(due_at), person=person)
        case "survey.invited" | "survey.answered":
            yield from _survey(event, background)
        case "visit.completed":
            yield from _visit(event, background)


def all_facts(events: Iterable[Event]) -> Iterator[Fact]:
    """What a batch of events adds."""
    batch = list(events)
    background = Background.of(batch)
    for event in batch:
        yield from (fact for fact in facts(event, background) if fact.value)


def _fact(event: Event, key: str, value: int = 1, *, day: date | None = None, person: int | None = None) -> Fact:
    payload = event.payload
    return Fact(day or day_of(event.at), payload.get("queue"), payload.get("channel"), person, key, value)


def _of_mark(mark: Mark, key: str, value: int = 1, person: int | None = None) -> Fact:
    return Fact(day_of(mark.at), mark.queue, mark.channel, person, key, value)


def _received(event: Event, background: Background) -> Mark:
    """The ticket's receipt; the event itself for a ticket older than the events."""
    created = background.before(event, CREATED)
    payload = event.payload
    return created[0] if created else Mark(0, CREATED, event.at, payload.get("queue"), payload.get("channel"), None)


def _first_answer(event: Event, background: Background) -> Iterator[Fact]:
    """首响: counted for the day on which the ticket came."""
    times = background.tickets.get(event.subject_id or 0)
    if times is None or background.before(event, _REPLY):
        return
    seconds = max(0.0, ((times.first_responded_at or event.at) - times.occurred_at).total_seconds())
    received = _received(event, background)
    yield _of_mark(received, keys.ANSWERED, person=event.actor_id)
    yield _of_mark(received, keys.ANSWER_SECONDS, round(seconds), person=event.actor_id)
    if seconds <= FAST_SECONDS:
        yield _of_mark(received, keys.ANSWERED_FAST, person=event.actor_id)


def _answer_verdicts(event: Event, background: Background) -> Iterator[Fact]:
    """How the response clocks ended that stopped since the last reply or solution: with this one."""
    earlier = background.before(event, _REPLY, SOLVED)
    since = earlier[-1].at if earlier else None
    for promise in background.promises.get(event.subject_id or 0, ()):
        if promise.metric not in _ENDED_BY_REPLY or promise.met_at is None or promise.met_at > event.at:
            continue
        if since is None or promise.met_at > since:
            yield from _verdict(event, background, promise, promise.breached_at)


def _solved(event: Event, background: Background) -> Iterator[Fact]:
    person = event.actor_id or event.payload.get("assignee")
    yield _fact(event, keys.SOLVED, person=person)
    yield from _answer_verdicts(event, background)
    earlier = background.before(event, SOLVED)
    for promise in background.promises.get(event.subject_id or 0, ()):
        if promise.metric != Metric.RESOLUTION or (promise.cancelled_at and promise.cancelled_at <= event.at):
            continue
        # A clock runs on after a re-opening: only a breach up to now counts, and only once.
        breached_at = promise.breached_at if promise.breached_at and promise.breached_at <= event.at else None
        if breached_at is None or not earlier or breached_at > earlier[-1].at:
            yield from _verdict(event, background, promise, breached_at)
    if not earlier:
        received = _received(event, background)
        yield _fact(event, keys.FIRST_SOLVED, person=person)
        if event.at - received.at <= COHORT:
            yield _of_mark(received, keys.RESOLVED_IN_TIME)


def _verdict(event: Event, background: Background, promise: Promise, breached_at: datetime | None) -> Iterator[Fact]:
    """Met, or a breach that no timer has told of."""
    person = event.actor_id or event.payload.get("assignee")
    if breached_at is None:
        yield _fact(event, keys.met(promise.metric), person=person)
    elif promise.id not in {mark.clock for mark in background.before(event, SLA_BREACHED)}:
        person = event.payload.get("assignee") or event.actor_id
        yield _fact(event, keys.breached(promise.metric), day=day_of(breached_at), person=person)


def _came_back(event: Event, background: Background) -> Iterator[Fact]:
    """重开: counted for the day of the first solution, the first time only."""
    solved = background.before(event, SOLVED)
    if solved and not any(mark.id > solved[0].id for mark in background.before(event, REOPENED)):
        yield _of_mark(solved[0], keys.CAME_BACK)


def _survey(event: Event, background: Background) -> Iterator[Fact]:
    times = background.tickets.get(event.subject_id or 0)
    channel = times.channel if times else None
    queue, person, day = event.payload.get("queue"), event.payload.get("assignee"), day_of(event.at)
    if event.kind == SURVEY_INVITED:
        yield Fact(day, queue, channel, person, keys.SURVEYS_SENT)
        return
    score = event.payload.get("score")
    if score is None:
        return
    yield Fact(day, queue, channel, person, keys.SURVEYS)
    yield Fact(day, queue, channel, person, keys.SURVEY_SUM, score)
    if score >= SATISFIED_FROM:
        yield Fact(day, queue, channel, person, keys.SURVEYS_SATISFIED)


def _visit(event: Event, background: Background) -> Iterator[Fact]:
    """A visit belongs to the queue that heard of it when it was made."""
    times = background.tickets.get(event.subject_id or 0) if event.subject_type == "ticket" else None
    heard = [word.removeprefix("queue:") for word in event.audience if word.startswith("queue:")]
    queue = int(heard[0]) if heard and heard[0].isdigit() else None
    channel = times.channel if times else None
    yield Fact(day_of(event.at), queue, channel, event.actor_id, keys.visited(event.payload["outcome"]))
