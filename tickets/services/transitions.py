"""One verb per move of a ticket. The table in `choices.MOVES` guards every one of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import EventData, record_events
from core.timers import TimerSpec, arm
from tickets import events
from tickets.choices import (
    MOVES,
    PRIORITY_ORDER,
    Action,
    Confirmation,
    MessageKind,
    Metric,
    Priority,
    TicketStatus,
    TicketType,
)
from tickets.grading import guard
from tickets.models import ContactAttempt, Queue, Ticket, TicketTransfer
from tickets.services import routing, sla, transfer_rules

if TYPE_CHECKING:
    from crm.staff.models import User

#: After this time without objection a solved ticket may be closed (capability C22).
OBJECTION_PERIOD = timedelta(days=7)
UNREACHABLE_ATTEMPTS = 3
REOPEN_WINDOW = timedelta(days=90)
#: So long after it was closed a complaint is looked at again (capability C24).
OUTCOME_AFTER = timedelta(days=30)
TIMER_OUTCOME = "ticket.outcome"


def lock(ticket: Ticket) -> Ticket:
    """The ticket's row, locked until the transaction ends, with what the verbs need."""
    return (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("channel", "customer", "queue", "shop")
        .get(pk=ticket.pk)
    )


def _target(ticket: Ticket, action: str) -> str:
    """The status the action leads to, or 409 with the allowed actions."""
    routing.refuse_merged(ticket)
    moves = MOVES[ticket.status]
    if action not in moves:
        raise Conflict(
            str(
                _("工单处于“%(status)s”，不能执行“%(action)s”。")
                % {"status": ticket.get_status_display(), "action": Action(action).label}
            ),
            code="illegal_transition",
            allowed=ticket.allowed_actions(),
        )
    return moves[action] or ticket.status


def _finish(
    ticket: Ticket, actor: "User | None", fields: list[str], kind: str, *extra: EventData, **data: object
) -> Ticket:
    ticket.updated_at = clock.now()
    if ticket.snoozed_at is not None and not ticket.is_open:
        # Put away is only what still has to be done: re-opened, it stands in the list again.
        ticket.snoozed_at = ticket.snoozed_until = ticket.snoozed_by = None
        fields = [*fields, "snoozed_at", "snoozed_until", "snoozed_by"]
    ticket.save(update_fields=[*fields, "status", "updated_at"])
    record_events([events.ticket_event(kind, ticket, actor, **data), *extra])
    return ticket


@transaction.atomic
def assign(*, ticket: Ticket, actor: "User | None", assignee: "User | None" = None, reason: str = "") -> Ticket:
    """Give the ticket to somebody; without `assignee`, the actor takes it."""
    ticket = lock(ticket)
    to = assignee or actor
    if to is None:
        raise InvalidInput(str(_("请选择负责人。")), fields={"assignee": [str(_("请选择负责人。"))]})
    if actor is not None and to != actor and not actor.has_perm("tickets.assign_ticket"):
        raise NotAllowed(str(_("您没有把工单分派给他人的权限。")))
    routing.check_may_take(to, ticket.queue_id)
    if actor is not None:
        routing.check_is_there(to, ticket)
    was, before = ticket.assignee_id, ticket.status
    ticket.status = _target(ticket, Action.ASSIGN)
    ticket.assignee = to
    ticket.accepted_at = ticket.accepted_at or clock.now()
    return _finish(
        ticket,
        actor,
        ["assignee", "accepted_at"],
        events.UPDATED,
        action="assign",
        was=was,
        to=to.pk,
        old_status=before,
        reason=reason,
    )


@transaction.atomic
def release(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Return the ticket to its queue."""
    ticket = lock(ticket)
    was, before = ticket.assignee_id, ticket.status
    ticket.status = _target(ticket, Action.RELEASE)
    ticket.assignee = None
    return _finish(
        ticket, actor, ["assignee"], events.UPDATED, action="release", was=was, old_status=before, reason=reason
    )


@transaction.atomic
def move(
    *,
    ticket: Ticket,
    actor: "User | None",
    queue: Queue,
    reason: str = "",
    confirmed_by: "User | None" = None,
    waiting: TicketTransfer | None = None,
) -> Ticket:
    """Hand the ticket to another queue; the assignee keeps it only if they serve that queue too.

    Raises Conflict for a group that is closed, and ConfirmationNeeded for the third time: `confirmed_by` is the
    supervisor who agreed to it, `waiting` the request they agreed to.
    """
    ticket = lock(ticket)
    before, was_status = ticket.queue_id, ticket.status
    ticket.status = _target(ticket, Action.MOVE)
    if queue.pk == before:
        raise Conflict(
            str(_("工单已在队列“%(queue)s”。") % {"queue": queue.name}),
            code="same_queue",
            allowed=ticket.allowed_actions(),
        )
    if actor is not None:
        confirmed_by = transfer_rules.check(ticket, queue=queue, actor=actor, reason=reason, confirmed_by=confirmed_by)
    ticket.queue = queue
    ticket.move_count += 1
    transfer_rules.record(
        ticket, source_id=before, actor=actor, reason=reason, confirmed_by=confirmed_by, waiting=waiting
    )
    if ticket.assignee is not None and queue.pk not in ticket.assignee.queue_ids:
        ticket.assignee = None
        if ticket.status == TicketStatus.OPEN:
            ticket.status = TicketStatus.NEW
    return _finish(
        ticket,
        actor,
        ["queue", "move_count", "assignee"],
        events.UPDATED,
        action="move",
        was=before,
        to=queue.pk,
        old_status=was_status,
        reason=reason,
    )


def _stand_still(ticket: Ticket, actor: "User | None", action: str, reason: str) -> Ticket:
    ticket = lock(ticket)
    before = ticket.status
    ticket.status = _target(ticket, action)
    sla.pause(ticket, action)
    return _finish(ticket, actor, [*sla.DUE_FIELDS], events.UPDATED, action=action, old_status=before, reason=reason)


@transaction.atomic
def wait(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Wait for the customer: next response and resolution stand still, first response does not."""
    return _stand_still(ticket, actor, Action.WAIT, reason)


@transaction.atomic
def hold(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Wait for a third party; the clocks as with `wait`."""
    return _stand_still(ticket, actor, Action.HOLD, reason)


def after_pause(ticket: Ticket) -> str:
    """The status a paused ticket returns to: open with its owner, else waiting in the queue."""
    return TicketStatus.OPEN if ticket.assignee_id else TicketStatus.NEW


@transaction.atomic
def resume(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Work on: the clocks run again with the pause left out."""
    ticket = lock(ticket)
    before = ticket.status
    _target(ticket, Action.RESUME)
    ticket.status = after_pause(ticket)
    sla.resume(ticket)
    return _finish(ticket, actor, [*sla.DUE_FIELDS], events.UPDATED, action="resume", old_status=before, reason=reason)


@transaction.atomic
def solve(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Handled. A waiting ticket is accepted by the solver first, so no stage is skipped."""
    ticket = lock(ticket)
    before = ticket.status
    target = _target(ticket, Action.SOLVE)
    guard.check_may_end(ticket, actor)
    moment = clock.now()
    if ticket.assignee_id is None and actor is not None:
        ticket.assignee = actor
    ticket.accepted_at = ticket.accepted_at or moment
    ticket.pauses.filter(ended_at=None).update(ended_at=moment)
    ticket.status = target
    ticket.solved_at = moment
    ticket.solve_count += 1
    if ticket.messages.filter(kind=MessageKind.REPLY).exists():
        ticket.feedback_at = moment
    sla.meet(ticket, [Metric.RESOLUTION, Metric.NEXT_RESPONSE])
    return _finish(
        ticket,
        actor,
        ["assignee", "accepted_at", "solved_at", "solve_count", "feedback_at", *sla.DUE_FIELDS],
        events.SOLVED,
        action="solve",
        old_status=before,
        solve_count=ticket.solve_count,
        reason=reason,
    )


def _check_closable(ticket: Ticket, confirmation: str) -> None:
    """Closing needs feedback to the customer, and their confirmation, three failed contacts or seven days."""
    failed = ticket.contact_attempts.filter(outcome=ContactAttempt.Outcome.UNREACHABLE).count()
    unreachable = failed >= UNREACHABLE_ATTEMPTS
    allowed = ticket.allowed_actions()
    if ticket.feedback_at is None and not unreachable:
        sentence = _("请先向客户反馈处理结果，或记录三次联系未果（已记录 %(n)d 次）。")
        raise Conflict(str(sentence % {"n": failed}), code="feedback_required", allowed=allowed)
    if confirmation == Confirmation.UNREACHABLE and not unreachable:
        sentence = _("联系未果需要三次记录，目前 %(n)d 次。")
        raise Conflict(str(sentence % {"n": failed}), code="contact_attempts_required", allowed=allowed)
    if confirmation == Confirmation.TIMEOUT and clock.now() < (ticket.solved_at or clock.now()) + OBJECTION_PERIOD:
        raise Conflict(str(_("解决未满七天，不能以超时为由关闭。")), code="objection_period", allowed=allowed)


@transaction.atomic
def close(
    *, ticket: Ticket, actor: "User | None", reason: str = "", confirmation: str = Confirmation.CUSTOMER
) -> Ticket:
    """Final. Who closes states why: the customer confirmed, was unreachable, or did not object for seven days."""
    ticket = lock(ticket)
    before = ticket.status
    target = _target(ticket, Action.CLOSE)
    guard.check_may_end(ticket, actor)
    if confirmation not in (Confirmation.CUSTOMER, Confirmation.UNREACHABLE, Confirmation.TIMEOUT):
        sentence = str(_("关闭依据不正确：%(value)s。") % {"value": confirmation})
        raise InvalidInput(sentence, fields={"confirmation": [sentence]})
    _check_closable(ticket, confirmation)
    ticket.status = target
    ticket.closed_at = clock.now()
    ticket.confirmation = confirmation
    if ticket.type == TicketType.COMPLAINT:
        _look_again(ticket, ticket.closed_at)
    return _finish(
        ticket,
        actor,
        ["closed_at", "confirmation"],
        events.CLOSED,
        action="close",
        old_status=before,
        confirmation=str(confirmation),
        reason=reason,
    )


def _look_again(ticket: Ticket, closed_at: datetime) -> None:
    """Closed again after a re-opening, the moment moves on."""
    arm(
        TimerSpec(
            key=f"outcome:{ticket.pk}",
            kind=TIMER_OUTCOME,
            due_at=closed_at + OUTCOME_AFTER,
            subject_type="ticket",
            subject_id=ticket.pk,
            payload={"closed_at": closed_at.isoformat()},
        )
    )


@transaction.atomic
def cancel(*, ticket: Ticket, actor: "User | None", reason: str) -> Ticket:
    """Withdrawn before it was solved; needs a reason."""
    ticket = lock(ticket)
    before = ticket.status
    target = _target(ticket, Action.CANCEL)
    if not reason.strip():
        raise InvalidInput(str(_("请填写撤销原因。")), fields={"reason": [str(_("请填写撤销原因。"))]})
    ticket.pauses.filter(ended_at=None).update(ended_at=clock.now())
    ticket.status = target
    ticket.closed_at = clock.now()
    ticket.confirmation = Confirmation.CANCELLED
    sla.cancel_clocks(ticket)
    return _finish(
        ticket,
        actor,
        ["closed_at", "confirmation", "next_due_at"],
        events.CLOSED,
        action="cancel",
        old_status=before,
        reason=reason,
    )


@transaction.atomic
def reopen(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Back to work: the resolution clock runs on from where it stood when the ticket was solved."""
    ticket = lock(ticket)
    before = ticket.status
    _target(ticket, Action.REOPEN)
    ended_at = ticket.solved_at or ticket.closed_at or clock.now()
    if clock.now() > ended_at + REOPEN_WINDOW:
        raise Conflict(
            str(_("工单结束已超过 %(days)d 天，请新建工单。") % {"days": REOPEN_WINDOW.days}),
            code="reopen_window",
            allowed=[],
        )
    ticket.status = after_pause(ticket)
    ticket.solved_at = ticket.closed_at = ticket.feedback_at = ticket.evaluated_at = None
    ticket.confirmation = ""
    ticket.reopen_count += 1
    sla.reopen_resolution(ticket, ended_at)
    return _finish(
        ticket,
        actor,
        ["solved_at", "closed_at", "feedback_at", "evaluated_at", "confirmation", "reopen_count", *sla.DUE_FIELDS],
        events.REOPENED,
        action="reopen",
        old_status=before,
        reason=reason,
    )


@transaction.atomic
def escalate(*, ticket: Ticket, actor: "User | None", reason: str = "") -> Ticket:
    """Raise it: one step of priority, one level up; the promises follow the new priority."""
    ticket = lock(ticket)
    before = ticket.status
    ticket.status = _target(ticket, Action.ESCALATE)
    was = ticket.priority
    step = min(PRIORITY_ORDER.index(Priority(was)) + 1, len(PRIORITY_ORDER) - 1)
    ticket.priority = PRIORITY_ORDER[step]
    ticket.escalation_level += 1
    if ticket.priority != was:
        sla.reapply(ticket)
    return _finish(
        ticket,
        actor,
        ["priority", "escalation_level", "sla_policy", *sla.DUE_FIELDS],
        events.UPDATED,
        action="escalate",
        was=was,
        to=str(ticket.priority),
        level=ticket.escalation_level,
        old_status=before,
        reason=reason,
    )


def close_unopposed(*, limit: int = 200) -> int:
    """Close what was solved and told seven days ago and nobody objected to (capability C22). Returns how many."""
    due = Ticket.objects.filter(
        status=TicketStatus.SOLVED, solved_at__lte=clock.now() - OBJECTION_PERIOD, feedback_at__isnull=False
    ).order_by("solved_at")
    done = 0
    for ticket in due[:limit]:
        close(ticket=ticket, actor=None, confirmation=Confirmation.TIMEOUT)
        done += 1
    return done
