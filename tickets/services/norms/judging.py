"""Judging a stage when it ends: read from events, so nothing is added to receiving or answering."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.conditions import parse
from core.events import Event
from core.timers import TimerSpec, arm_many
from core.wording import parts
from tickets.choices import BreachKind, BreachSource, MessageKind, NormStage, TicketStatus
from tickets.events import CLOSED, MESSAGE, SOLVED
from tickets.models import NormBreach, StageNorm, Ticket, TicketMessage
from tickets.services.facts import TICKET_FIELDS, TicketFacts
from tickets.services.norms.breaches import REASON_LENGTH, key_of, record_found
from tickets.services.norms.facts import NORM_FIELDS, StageFacts

TIMER_NORM = "norm.due"
KINDS = (MESSAGE, SOLVED, CLOSED)


@dataclass(frozen=True)
class Ended:
    """A stage of a ticket that ended at a moment, with who was responsible then."""

    ticket: Ticket
    stage: str
    round: int
    at: datetime
    queue_id: int
    assignee_id: int | None


def judge(events: Iterable[Event]) -> None:
    """Judge the stages these events ended, and watch the target times that begin with a solution.

    Safe to repeat: every finding has its key.
    """
    wanted = [event for event in events if event.kind != MESSAGE or event.payload.get("kind") == MessageKind.REPLY]
    norms = list(StageNorm.objects.filter(is_active=True)) if wanted else []
    if not norms:
        return
    rows = Ticket.objects.select_related("channel", "shop", "queue", "customer").defer("search")
    tickets = {ticket.pk: ticket for ticket in rows.filter(pk__in={event.subject_id for event in wanted})}
    for event in wanted:
        ticket = tickets.get(event.subject_id or 0)
        if ticket is None or ticket.merged_into_id:
            continue
        if event.kind == SOLVED:
            _watch(norms, ticket, event)
        for ended in _ended(event, ticket):
            record_found(_found(norms, ended))


def _ended(event: Event, ticket: Ticket) -> Iterator[Ended]:
    """The stages an event ended: acceptance with the first reply, handling with the solution, feedback
    with the first reply that tells it (before the solution or after), evaluation with the closing."""
    round_number = event.payload.get("solve_count") or max(ticket.solve_count, 1)
    queue, assignee = event.payload.get("queue") or ticket.queue_id, event.payload.get("assignee")

    def end(stage: str) -> Ended:
        return Ended(ticket, stage, round_number if stage != NormStage.ACCEPTED else 1, event.at, queue, assignee)

    if event.kind == MESSAGE:
        earlier = _replies(ticket).filter(pk__lt=event.payload["message"])
        if not earlier.exists():
            yield end(NormStage.ACCEPTED)
        if event.payload.get("status") == TicketStatus.SOLVED and not earlier.exists():
            yield end(NormStage.FEEDBACK)
    elif event.kind == SOLVED:
        yield end(NormStage.HANDLED)
        if _replies(ticket).filter(created_at__lte=event.at).exists():
            yield end(NormStage.FEEDBACK)
    elif event.payload.get("action") == "close":
        yield end(NormStage.EVALUATED)


def _replies(ticket: Ticket) -> QuerySet[TicketMessage]:
    return TicketMessage.objects.filter(ticket=ticket, kind=MessageKind.REPLY)


def _found(norms: Sequence[StageNorm], ended: Ended) -> Iterator[NormBreach]:
    facts = StageFacts(ended.ticket, ended.stage, ended.at)
    for norm in norms:
        if norm.stage != ended.stage or not norm.requirement:
            continue
        if not parse(norm.scope, TICKET_FIELDS).matches(TicketFacts(ended.ticket), at=ended.at):
            continue
        unmet = parse(norm.requirement, NORM_FIELDS).unmet(facts, at=ended.at)
        if unmet:
            yield _breach(norm, ended, BreachKind.QUALITY, parts(unmet)[:REASON_LENGTH])


def _breach(norm: StageNorm, ended: Ended, kind: str, reason: str) -> NormBreach:
    return NormBreach(
        key=key_of(norm.pk, ended.ticket.pk, ended.round, kind),
        ticket=ended.ticket,
        stage=ended.stage,
        kind=kind,
        source=BreachSource.CHECK if kind == BreachKind.QUALITY else BreachSource.CLOCK,
        norm=norm,
        at=ended.at,
        queue_id=ended.queue_id,
        assignee_id=ended.assignee_id,
        reason=reason,
    )


def _watch(norms: Sequence[StageNorm], ticket: Ticket, event: Event) -> None:
    """Arm the target times of the stages that follow a solution."""
    round_number = event.payload.get("solve_count") or 1
    specs = [
        TimerSpec(
            key=f"norm:{norm.pk}:{ticket.pk}:{round_number}",
            kind=TIMER_NORM,
            due_at=event.at + timedelta(seconds=norm.seconds),
            subject_type="ticket",
            subject_id=ticket.pk,
            payload={"norm": norm.pk, "round": round_number},
        )
        for norm in norms
        if norm.seconds is not None and parse(norm.scope, TICKET_FIELDS).matches(TicketFacts(ticket), at=event.at)
    ]
    if specs:
        arm_many(specs)


def time_is_up(*, norm_id: int, ticket_id: int, round_number: int, due_at: datetime) -> None:
    """The target time of a stage after the solution ends: a breach if the stage has not been reached.

    A ticket that was re-opened or merged meanwhile is in another round and owes nothing here.
    """
    ticket = Ticket.objects.filter(pk=ticket_id, merged_into=None, solve_count=round_number).first()
    norm = StageNorm.objects.filter(pk=norm_id, is_active=True).first()
    if ticket is None or norm is None or ticket.solved_at is None:
        return
    if norm.stage == NormStage.FEEDBACK:
        is_reached = ticket.feedback_at is not None and ticket.feedback_at <= due_at
    else:
        is_reached = ticket.evaluated_at is not None or bool(StageFacts(ticket, norm.stage, due_at)["survey.sent"])
    if not is_reached:
        ended = Ended(ticket, norm.stage, round_number, due_at, ticket.queue_id, ticket.assignee_id)
        record_found([_breach(norm, ended, BreachKind.TIME, "")])
