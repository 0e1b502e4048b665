"""Promises on time: choosing the policy, running, pausing and ending clocks.

Clocks store intervals and derive moments (peers' lesson 2.5): start, target, pauses and
calendar are kept, `due_at` is computed from them, so a change of priority, policy or
calendar recomputes open clocks without losing what was consumed or paused. Ended clocks
are never touched again.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from core import clock
from core.calendars import CalendarDataMissing, Schedule, load_schedule
from core.events import EventData, record_events
from core.timers import TimerSpec, arm_many, cancel
from tickets import sla_clock
from tickets.choices import PAUSABLE_METRICS, Metric
from tickets.events import CALENDAR_MISSING, SLA_BREACHED, SLA_WARNED, ticket_event
from tickets.models import SLAClock, Ticket, TicketPause
from tickets.services import catalogue
from tickets.services.catalogue import PolicyInForce, TargetInForce
from tickets.services.facts import TicketFacts, first_match
from tickets.services.norms import breaches
from tickets.sla_clock import Pause

TIMER_DUE = "sla.due"
TIMER_WARN = "sla.warn"
DUE_FIELDS = ("first_response_due_at", "next_response_due_at", "resolution_due_at", "next_due_at")


def choose_policy(ticket: Ticket, *, body: str = "") -> PolicyInForce | None:
    """The matching policy with the lowest position, or None."""
    return first_match(catalogue.policies(), TicketFacts(ticket, body=body))


def _targets(policy: PolicyInForce, priority: str) -> dict[str, TargetInForce]:
    return {target.metric: target for target in policy.targets.get(priority, ())}


def pauses_of(ticket: Ticket) -> list[Pause]:
    """The spans during which pausable clocks stood still, oldest first."""
    return [Pause(row.started_at, row.ended_at) for row in ticket.pauses.all()]


def _new_clock(
    ticket: Ticket, policy: PolicyInForce, target: TargetInForce, started_at: datetime, cycle: int = 1
) -> SLAClock:
    return SLAClock(
        ticket=ticket,
        metric=target.metric,
        cycle=cycle,
        policy_id=policy.id,
        policy_version=policy.version,
        calendar_id=policy.calendar_id,
        seconds=target.seconds,
        warn_at=list(target.warn_at),
        started_at=started_at,
    )


def _compute(row: SLAClock, schedule: Schedule, pauses: list[Pause]) -> tuple[datetime | None, list[TimerSpec]]:
    """When the clock is due, and the timers that watch it.

    No moment while a pause hides it, or when the calendar does not reach so far: that is an
    alarm (`sla.calendar_missing`), and loading the year computes the clock again.
    """
    spans = pauses if row.metric in PAUSABLE_METRICS else []
    try:
        due_at = sla_clock.due_at(schedule, started_at=row.started_at, target_seconds=row.seconds, pauses=spans)
        warnings = sla_clock.warnings(
            schedule, started_at=row.started_at, target_seconds=row.seconds, pauses=spans, warn_at=row.warn_at
        )
    except CalendarDataMissing as error:
        record_events([_calendar_missing(row, str(error))])
        return None, []
    specs = [_timer(row, TIMER_DUE, "due", due_at)] if due_at else []
    specs += [
        _timer(row, TIMER_WARN, f"{warning.share:g}", warning.at)
        for warning in warnings
        if warning.at is not None and f"{warning.share:g}" not in row.warned_at
    ]
    return due_at, specs


def _calendar_missing(row: SLAClock, sentence: str) -> EventData:
    return ticket_event(CALENDAR_MISSING, row.ticket, None, metric=row.metric, reason=sentence)


def _timer(row: SLAClock, kind: str, threshold: str, moment: datetime) -> TimerSpec:
    return TimerSpec(
        key=f"sla:{row.pk}:{threshold}",
        kind=kind,
        due_at=moment,
        subject_type="ticket",
        subject_id=row.ticket_id,
        payload={"clock": row.pk, "threshold": threshold},
    )


def _show_on_ticket(ticket: Ticket, rows: Iterable[SLAClock]) -> None:
    """Copy the running clocks' moments onto the ticket, where lists sort by them."""
    running = {row.metric: row.due_at for row in rows if row.is_running}
    for metric in Metric.values:
        due_at = running.get(metric)
        shown = getattr(ticket, f"{metric}_due_at")
        # The moment of an ended clock stays visible; only a running clock moves it.
        if metric in running and due_at != shown:
            setattr(ticket, f"{metric}_due_at", due_at)
    ticket.next_due_at = min((due for due in running.values() if due), default=None)


@dataclass(frozen=True)
class Draft:
    """Clocks of a ticket that has no id yet, and the schedules they are reckoned by."""

    rows: list[SLAClock]
    schedules: dict[int, Schedule]


def draft_clocks(ticket: Ticket, policy: PolicyInForce | None) -> Draft:
    """First response and resolution from `occurred_at`, with their moments shown on the (unsaved) ticket."""
    targets = _targets(policy, ticket.priority) if policy else {}
    rows = [
        _new_clock(ticket, policy, targets[metric], ticket.occurred_at)
        for metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION)
        if policy is not None and metric in targets
    ]
    schedules = _schedules(rows)
    for row in rows:
        with suppress(CalendarDataMissing):  # told when the clock is stored
            row.due_at = schedules[row.calendar_id].add(row.started_at, row.seconds)
    _show_on_ticket(ticket, rows)
    return Draft(rows, schedules)


def start_clocks(ticket: Ticket, draft: Draft) -> None:
    """Store drafted clocks of a ticket that now has its id, and arm their timers."""
    for row in draft.rows:
        row.ticket = ticket
    SLAClock.objects.bulk_create(draft.rows)
    _rearm(ticket, draft.rows, [], draft.schedules)


def _schedules(rows: Iterable[SLAClock]) -> dict[int, Schedule]:
    """The schedules the rows are reckoned by, each read once."""
    return {calendar_id: load_schedule(calendar_id) for calendar_id in {row.calendar_id for row in rows}}


def _rearm(
    ticket: Ticket,
    rows: list[SLAClock],
    pauses: list[Pause],
    schedules: dict[int, Schedule] | None = None,
) -> list[SLAClock]:
    """Recompute due moments and timers of running clocks; returns those whose moment changed."""
    if schedules is None:
        schedules = _schedules(row for row in rows if row.is_running)
    specs: list[TimerSpec] = []
    changed = []
    for row in rows:
        if not row.is_running:
            continue
        due_at, timers = _compute(row, schedules[row.calendar_id], pauses)
        if due_at != row.due_at:
            row.due_at = due_at
            changed.append(row)
        specs += timers if row.breached_at is None else [t for t in timers if t.kind != TIMER_DUE]
    if specs:
        arm_many(specs)
    _show_on_ticket(ticket, rows)
    return changed


def refresh(ticket: Ticket) -> None:
    """Recompute every running clock of the ticket from its pauses. Sets the due fields; the caller saves them."""
    rows = list(ticket.clocks.all())
    cancel(subject_type="ticket", subject_id=ticket.pk, kinds=[TIMER_DUE, TIMER_WARN])
    changed = _rearm(ticket, rows, pauses_of(ticket))
    if changed:
        SLAClock.objects.bulk_update(changed, ["due_at"])


def pause(ticket: Ticket, reason: str) -> None:
    """Let the pausable clocks stand still from now on."""
    TicketPause.objects.get_or_create(
        ticket=ticket, ended_at=None, defaults={"reason": reason, "started_at": clock.now()}
    )
    refresh(ticket)


def resume(ticket: Ticket) -> None:
    """Let the pausable clocks run on."""
    ticket.pauses.filter(ended_at=None).update(ended_at=clock.now())
    refresh(ticket)


def meet(ticket: Ticket, metrics: Iterable[str]) -> None:
    """End the running clocks of these metrics now; a late end is a breach even if no timer has fired yet."""
    moment = clock.now()
    rows = list(ticket.clocks.all())
    ended, late = [], []
    for row in rows:
        if row.is_running and row.metric in metrics:
            row.met_at = moment
            if row.breached_at is None and row.due_at and moment > row.due_at:
                row.breached_at = row.due_at
                late.append(row)
            ended.append(row)
    if ended:
        SLAClock.objects.bulk_update(ended, ["met_at", "breached_at"])
    breaches.record_clocks(late, ticket)
    _show_on_ticket(ticket, rows)


def start_next_response(ticket: Ticket) -> None:
    """A customer waits for the next answer: start a cycle unless one is running or the first answer is still owed."""
    rows = list(ticket.clocks.all())
    running = {row.metric for row in rows if row.is_running}
    if Metric.NEXT_RESPONSE in running or Metric.FIRST_RESPONSE in running:
        return
    _start_cycle(ticket, rows, Metric.NEXT_RESPONSE)


def start_first_response(ticket: Ticket) -> None:
    """A person owes the first answer from now on: what came before was answered by a machine."""
    rows = list(ticket.clocks.all())
    if not any(row.is_running and row.metric == Metric.FIRST_RESPONSE for row in rows):
        _start_cycle(ticket, rows, Metric.FIRST_RESPONSE)


def leave_responses(ticket: Ticket) -> None:
    """A machine has answered: end the running response clocks without a verdict. The caller saves the due fields."""
    ended = [Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE]
    ticket.clocks.filter(metric__in=ended, met_at=None, cancelled_at=None).update(cancelled_at=clock.now())
    refresh(ticket)


def _start_cycle(ticket: Ticket, rows: list[SLAClock], metric: Metric) -> None:
    """Start the next cycle of a metric now, if the ticket's policy promises it."""
    policy = next((p for p in catalogue.policies() if p.id == ticket.sla_policy_id), None)
    target = _targets(policy, ticket.priority).get(metric) if policy else None
    if policy is None or target is None:
        return
    latest = max((row.cycle for row in rows if row.metric == metric), default=0)
    row = _new_clock(ticket, policy, target, clock.now(), latest + 1)
    row.save()
    _rearm(ticket, [*rows, row], pauses_of(ticket))
    row.save(update_fields=["due_at"])


def reopen_resolution(ticket: Ticket, solved_at: datetime) -> None:
    """Run the resolution clock again after a reopening; the time it was solved counts as a pause."""
    TicketPause.objects.create(ticket=ticket, reason="solved", started_at=solved_at, ended_at=clock.now())
    latest = ticket.clocks.filter(metric=Metric.RESOLUTION).aggregate(cycle=Max("cycle"))["cycle"]
    ticket.clocks.filter(metric=Metric.RESOLUTION, cycle=latest).update(met_at=None, cancelled_at=None)
    refresh(ticket)


def reapply(ticket: Ticket) -> None:
    """Choose the policy again after a change of priority, type or category, keeping starts and pauses."""
    policy = choose_policy(ticket)
    ticket.sla_policy_id = policy.id if policy else None
    targets = _targets(policy, ticket.priority) if policy else {}
    rows = list(ticket.clocks.all())
    running = [row for row in rows if row.is_running]
    for row in running:
        target = targets.get(row.metric)
        if policy is None or target is None:
            row.cancelled_at = clock.now()
            continue
        row.policy_id, row.policy_version, row.calendar_id = policy.id, policy.version, policy.calendar_id
        row.seconds, row.warn_at = target.seconds, list(target.warn_at)
        row.due_at = None
    SLAClock.objects.bulk_update(
        running, ["policy", "policy_version", "calendar", "seconds", "warn_at", "cancelled_at", "due_at"]
    )
    _start_missing(ticket, policy, targets, {row.metric for row in rows})
    refresh(ticket)


def _start_missing(
    ticket: Ticket, policy: PolicyInForce | None, targets: dict[str, TargetInForce], existing: set[str]
) -> None:
    """A policy that promises more than the former one starts the new clocks at the beginning of the ticket."""
    if policy is None:
        return
    owed = [] if ticket.first_responded_at else [Metric.FIRST_RESPONSE]
    owed += [Metric.RESOLUTION] if ticket.is_open else []
    SLAClock.objects.bulk_create(
        _new_clock(ticket, policy, targets[metric], ticket.occurred_at)
        for metric in owed
        if metric in targets and metric not in existing
    )


def cancel_clocks(ticket: Ticket) -> None:
    """End every running clock without a verdict (cancelled or merged ticket)."""
    ticket.clocks.filter(met_at=None, cancelled_at=None).update(cancelled_at=clock.now())
    cancel(subject_type="ticket", subject_id=ticket.pk, kinds=[TIMER_DUE, TIMER_WARN])
    ticket.next_due_at = None


def fire(*, clock_id: int, threshold: str) -> EventData | None:
    """A timer of a clock went off: record the warning or the breach, once. None when the clock has ended."""
    row = SLAClock.objects.select_for_update().filter(pk=clock_id).first()
    if row is None or not row.is_running or row.due_at is None:
        return None
    ticket = Ticket.objects.get(pk=row.ticket_id)
    data = {"metric": row.metric, "cycle": row.cycle, "due_at": row.due_at.isoformat(), "clock": row.pk}
    if threshold == "due":
        if row.breached_at is not None:
            return None
        row.breached_at = row.due_at
        row.save(update_fields=["breached_at"])
        breaches.record_clocks([row], ticket)
        return ticket_event(SLA_BREACHED, ticket, None, **data)
    if threshold in row.warned_at or row.breached_at is not None:
        return None
    row.warned_at = {**row.warned_at, threshold: clock.now().isoformat()}
    row.save(update_fields=["warned_at"])
    return ticket_event(SLA_WARNED, ticket, None, threshold=float(threshold), **data)
