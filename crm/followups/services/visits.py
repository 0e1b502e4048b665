"""Planning, making and cancelling visits (回访)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import record_events
from core.timers import Postpone, TimerSpec, arm, cancel
from crm.followups import events
from crm.followups.choices import SkipReason, VisitOutcome, VisitStatus
from crm.followups.events import visit_event
from crm.followups.models import FollowUpPlan, FollowupSettings, FollowUpVisit
from customers.models import Customer
from tickets.choices import OPEN_STATUSES
from tickets.models import Ticket
from tickets.services import intake, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

VISIT_TIMER = "visit.due"
SUBJECT = "follow_up_visit"
#: Clocks of other systems run a little behind, and forms know no seconds; this much earlier is taken as now.
PAST_TOLERANCE = timedelta(minutes=2)


@transaction.atomic
def plan_visit(
    *,
    actor: "User | None",
    customer: Customer,
    due_at: datetime,
    ticket: Ticket | None = None,
    assignee: "User | None" = None,
    note: str = "",
    plan: FollowUpPlan | None = None,
    key: str | None = None,
    planned_from: datetime | None = None,
) -> FollowUpVisit:
    """Plan a call. With a `key` (rules) the same visit is planned once, and a customer who refused contact
    gives a skipped row that is counted; a person who plans by hand is refused instead, as for a past moment
    (a rule read late may still plan one)."""
    if key is None:
        _refuse_past(due_at)
    refused = customer.do_not_contact_at is not None
    if refused and key is None:
        raise Conflict(_("客户已要求免打扰，不能安排回访。"), code="do_not_contact")
    values: dict[str, Any] = {
        "ticket": ticket,
        "customer": customer,
        "plan": plan,
        "assignee": assignee,
        "due_at": due_at,
        "note": note,
        "planned_from": planned_from or clock.now(),
        "status": VisitStatus.SKIPPED if refused else VisitStatus.PLANNED,
        "skip_reason": SkipReason.DO_NOT_CONTACT if refused else "",
    }
    visit, is_new = _make(key, values)
    if is_new and refused:
        record_events([visit_event(events.VISIT_SKIPPED, visit, actor, reason=str(SkipReason.DO_NOT_CONTACT))])
    elif is_new:
        _arm(visit)
        record_events([visit_event(events.VISIT_PLANNED, visit, actor, plan=plan.key if plan else None)])
    return visit


def _refuse_past(due_at: datetime) -> None:
    if due_at < clock.now() - PAST_TOLERANCE:
        sentence = _("回访时间不能早于现在。")
        raise InvalidInput(sentence, fields={"due_at": [sentence]})


def _make(key: str | None, values: dict[str, Any]) -> tuple[FollowUpVisit, bool]:
    if key is None:
        return FollowUpVisit.objects.create(**values), True
    return FollowUpVisit.objects.get_or_create(key=key, defaults=values)


def _arm(visit: FollowUpVisit) -> None:
    arm(
        TimerSpec(
            key=f"visit:{visit.pk}", kind=VISIT_TIMER, due_at=visit.due_at, subject_type=SUBJECT, subject_id=visit.pk
        )
    )


def _locked(visit: FollowUpVisit) -> FollowUpVisit:
    """The visit's row, locked until the transaction ends; 409 unless it is still to be made."""
    rows = FollowUpVisit.objects.select_for_update(of=("self",)).select_related("ticket", "customer")
    visit = rows.get(pk=visit.pk)
    if visit.status != VisitStatus.PLANNED:
        status = visit.get_status_display()
        raise Conflict(_("这次回访%(status)s，不能再修改。") % {"status": status}, code="visit_ended")
    return visit


@transaction.atomic
def change_visit(*, visit: FollowUpVisit, actor: "User | None", **changes: Any) -> FollowUpVisit:
    """Move a planned visit or hand it over: `due_at`, `assignee`, `note`."""
    visit = _locked(visit)
    if changes.get("due_at", visit.due_at) != visit.due_at:
        _refuse_past(changes["due_at"])
    for name, value in changes.items():
        setattr(visit, name, value)
    visit.save(update_fields=list(changes))
    if "due_at" in changes:
        _arm(visit)
    record_events([visit_event(events.VISIT_CHANGED, visit, actor, fields=sorted(changes))])
    return visit


@transaction.atomic
def complete_visit(*, visit: FollowUpVisit, actor: "User | None", outcome: str, note: str = "") -> FollowUpVisit:
    """Record a call.

    Not reached: another attempt later, up to the limit, then the visit ends as unreachable. Dissatisfied:
    the ticket is re-opened, or a new one is made when it cannot be.
    """
    if outcome not in VisitOutcome.values:
        sentence = _("回访结果须为满意、不满意或未接通。")
        raise InvalidInput(sentence, fields={"outcome": [sentence]})
    visit = _locked(visit)
    current = FollowupSettings.current()
    visit.attempts += 1
    visit.outcome = outcome
    visit.note = "\n".join(part for part in (visit.note, note) if part)
    if outcome == VisitOutcome.UNREACHABLE and visit.attempts < current.attempts_max:
        return _try_again(visit, actor, current)
    visit.status = VisitStatus.DONE
    visit.done_at = clock.now()
    visit.completed_by = actor
    reopened = _take_up(visit, actor) if outcome == VisitOutcome.UNSATISFIED else False
    visit.save(update_fields=["attempts", "outcome", "note", "status", "done_at", "completed_by", "follow_up_ticket"])
    cancel(subject_type=SUBJECT, subject_id=visit.pk)
    record_events(
        [
            visit_event(
                events.VISIT_COMPLETED,
                visit,
                actor,
                outcome=outcome,
                attempts=visit.attempts,
                reopened=reopened,
                follow_up_ticket=visit.follow_up_ticket_id,
            )
        ]
    )
    return visit


def _try_again(visit: FollowUpVisit, actor: "User | None", current: FollowupSettings) -> FollowUpVisit:
    visit.due_at = clock.now() + timedelta(hours=current.retry_hours)
    visit.save(update_fields=["attempts", "outcome", "note", "due_at"])
    _arm(visit)
    record_events(
        [visit_event(events.VISIT_ATTEMPTED, visit, actor, outcome=str(visit.outcome), attempts=visit.attempts)]
    )
    return visit


def _take_up(visit: FollowUpVisit, actor: "User | None") -> bool:
    """Back to work after "not satisfied": True when the ticket was re-opened."""
    reason = _("回访不满意")
    if visit.ticket is not None:
        if visit.ticket.status in OPEN_STATUSES:
            return False
        try:
            transitions.reopen(ticket=visit.ticket, actor=actor, reason=reason)
        except Conflict:
            # Too long closed, or merged away: the complaint gets a ticket of its own.
            visit.follow_up_ticket = _new_ticket(visit, actor, reason)
            return False
        return True
    visit.follow_up_ticket = _new_ticket(visit, actor, reason)
    return False


def _new_ticket(visit: FollowUpVisit, actor: "User | None", reason: str) -> Ticket:
    before = visit.ticket
    about = _("原工单 %(number)s。") % {"number": before.number} if before is not None else ""
    request = intake.Request(
        channel=before.channel.key if before is not None else "follow_up",
        body="\n".join(part for part in (reason, about, visit.note) if part),
        type="complaint",
        subject=reason,
        order_no=before.order_no if before is not None else "",
        customer_id=visit.customer_id,
    )
    return intake.receive(request=request, actor=actor).ticket


@transaction.atomic
def cancel_visits_of_ticket(*, ticket_id: int, planned_before: datetime, actor: "User | None" = None) -> int:
    """Drop visits planned for a ticket that is being worked on again; returns how many."""
    rows = FollowUpVisit.objects.select_for_update(of=("self",)).select_related("ticket")
    visits = list(rows.filter(ticket_id=ticket_id, planned_from__lte=planned_before, status=VisitStatus.PLANNED))
    for visit in visits:
        visit.status = VisitStatus.CANCELLED
        visit.save(update_fields=["status"])
        cancel(subject_type=SUBJECT, subject_id=visit.pk)
    record_events([visit_event(events.VISIT_CANCELLED, visit, actor, reason="reopened") for visit in visits])
    return len(visits)


@transaction.atomic
def visit_became_due(*, visit_id: int) -> None:
    """The moment of a visit has come: tell who shall call, or skip a customer who refused contact since."""
    rows = FollowUpVisit.objects.select_for_update(of=("self",)).select_related("ticket", "customer")
    visit = rows.filter(pk=visit_id).first()
    if visit is None or visit.status != VisitStatus.PLANNED:
        return
    if visit.due_at > clock.now() + timedelta(minutes=1):
        raise Postpone(visit.due_at)
    if visit.customer.do_not_contact_at is not None:
        visit.status, visit.skip_reason = VisitStatus.SKIPPED, SkipReason.DO_NOT_CONTACT
        visit.save(update_fields=["status", "skip_reason"])
        record_events([visit_event(events.VISIT_SKIPPED, visit, reason=str(visit.skip_reason))])
        return
    record_events([visit_event(events.VISIT_DUE, visit, attempts=visit.attempts)])
