"""Raising a ticket (C09): once per cause, to a role that must take it up; lowering needs reason and approver."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import request_approval
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event, record_events
from core.timers import TimerSpec, arm, cancel
from tickets import events
from tickets.choices import NoticeKind
from tickets.grading import levels
from tickets.grading.choices import TargetRole, TriggerKind
from tickets.models import Escalation, EscalationTrigger, Ticket
from tickets.services import notices, sla, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

KIND = "deescalation"
TIMER = "escalation.late"
SUBJECT = "escalation"
RAISED, TAKEN, ENDED, LATE = "escalation.raised", "escalation.taken", "escalation.ended", "escalation.late"
REASON_LENGTH = 300
_K, _R = TriggerKind, TargetRole
#: Kind, threshold, hours, role, minutes, notice, level it is at least.
BUILT_IN: tuple[tuple[str, str | None, int | None, str, int, str, str], ...] = (
    (_K.SLA_BREACH, None, None, _R.SUPERVISOR, 30, "时效已超时，请安排处理", ""),
    (_K.AMOUNT, "500.00", None, _R.SUPERVISOR, 120, "补偿金额超过限额，请复核方案", ""),
    (_K.SAFETY, None, None, _R.SUPERVISOR, 15, "客户提到人身安全，请立即联系客户", "major"),
    (_K.LEGAL, None, None, _R.SUPERVISOR, 30, "客户提到媒体、监管或律师，请专人处理", "major"),
    (_K.IMPORTANT, None, None, _R.LEAD, 60, "重点客户投诉，请优先处理", ""),
    (_K.SIMILAR, "5", 24, _R.SUPERVISOR, 60, "同类投诉集中出现，请查明原因", "major"),
    (_K.REOPENED, "2", None, _R.SUPERVISOR, 120, "同一投诉第二次重开，请换人复核", ""),
    (_K.LOW_SCORE, None, None, _R.SUPERVISOR, 120, "客户对处理结果不满意，请主管亲自跟进", ""),
    (_K.STAFF, None, None, _R.LEAD, 60, "同事申请升级，请接手", ""),
)
_ORDER = [str(role) for role in TargetRole]


def ensure_triggers() -> dict[str, EscalationTrigger]:
    """The triggers by kind; the built-in ones exist from the start."""
    found = {row.kind: row for row in EscalationTrigger.objects.select_related("level")}
    missing = [line for line in BUILT_IN if line[0] not in found]
    if not missing:
        return found
    by_key = {level.key: level for level in levels.ensure_levels()}
    EscalationTrigger.objects.bulk_create(
        [
            EscalationTrigger(
                kind=kind,
                threshold=Decimal(threshold) if threshold else None,
                window_hours=hours,
                target_role=role,
                within_minutes=minutes,
                notice=notice,
                level=by_key.get(level),
            )
            for kind, threshold, hours, role, minutes, notice, level in missing
        ],
        ignore_conflicts=True,
    )
    return {row.kind: row for row in EscalationTrigger.objects.select_related("level")}


@transaction.atomic
def save_trigger(*, trigger: EscalationTrigger, actor: Any, values: dict[str, Any]) -> EscalationTrigger:
    """Change when and to whom tickets are raised."""
    if not actor.has_perm("tickets.change_escalationtrigger"):
        raise NotAllowed(_("您没有维护升级条件的权限。"))
    for name, value in values.items():
        setattr(trigger, name, value)
    needs = {TriggerKind.AMOUNT: ("threshold",), TriggerKind.SIMILAR: ("threshold", "window_hours")}
    needs[TriggerKind.REOPENED] = ("threshold",)
    for name in needs.get(TriggerKind(trigger.kind), ()):
        if not getattr(trigger, name):
            sentence = _("这个条件须填写此项。")
            raise InvalidInput(sentence, fields={name: [sentence]})
    if trigger.within_minutes < 1:
        sentence = _("接手时限至少 1 分钟。")
        raise InvalidInput(sentence, fields={"within_minutes": [sentence]})
    trigger.save()
    payload = {"kind": trigger.kind, "role": trigger.target_role, "minutes": trigger.within_minutes}
    record_event(
        kind="escalation_trigger.saved",
        subject_type="escalation_trigger",
        subject_id=trigger.pk,
        actor=actor,
        payload=payload,
    )
    return trigger


@transaction.atomic
def raise_ticket(
    *, ticket: Ticket, kind: str, detail: str = "", actor: "User | None" = None, was_priority: str = ""
) -> Escalation | None:
    """Raise a ticket for one cause; None when it is raised for it already, over, or the trigger is switched off."""
    trigger = ensure_triggers()[kind]
    ticket = transitions.lock(ticket)
    if not trigger.is_active or not ticket.is_open or ticket.merged_into_id:
        return None
    if ticket.escalations.filter(trigger=trigger, ended_at=None).exists():
        return None
    moment = clock.now()
    try:
        with transaction.atomic():
            made = Escalation.objects.create(
                ticket=ticket,
                trigger=trigger,
                detail=detail[:200],
                target_role=trigger.target_role,
                was_priority=was_priority or ticket.priority,
                actor=actor,
                raised_at=moment,
                due_at=moment + timedelta(minutes=trigger.within_minutes),
            )
    except IntegrityError:
        return None
    if kind != TriggerKind.STAFF:
        transitions.escalate(ticket=ticket, actor=None, reason=str(trigger.get_kind_display()))
    if trigger.level is not None:
        levels.grade(ticket=ticket, at_least=trigger.level)
    _arm(made)
    _tell(made, NoticeKind.ESCALATED, made.target_role)
    _record(RAISED, made, actor, detail=made.detail)
    return made


def _arm(made: Escalation) -> None:
    arm(
        TimerSpec(
            key=f"escalation:{made.pk}",
            kind=TIMER,
            due_at=made.due_at,
            subject_type=SUBJECT,
            subject_id=made.pk,
        )
    )


def people_of(ticket: Ticket, role: str) -> list[Any]:
    """Who sees the ticket's queue and has the role, or the next one above that somebody has."""
    seeing: Any = get_user_model().objects.who_see_queue(ticket.queue_id).filter(is_active=True)  # type: ignore[attr-defined]
    people = list(seeing)
    for word in _ORDER[_ORDER.index(role) :]:
        found = [person for person in people if person.role == word]
        if found:
            return found
    return []


def _tell(made: Escalation, kind: str, role: str) -> None:
    people = {person.pk for person in people_of(made.ticket, role)}
    notices.notify(users=people, kind=kind, ticket=made.ticket, actor=made.actor)


def _record(kind: str, made: Escalation, actor: "User | None", /, **data: Any) -> None:
    values = {"escalation": made.pk, "trigger": made.trigger.kind, "role": made.target_role, **data}
    record_events([events.ticket_event(kind, made.ticket, actor, **values)])


def _locked(made: Escalation) -> Escalation:
    found: Escalation = (
        Escalation.objects.select_for_update(of=("self",)).select_related("ticket", "trigger").get(pk=made.pk)
    )
    if found.ended_at is not None:
        raise Conflict(_("这次升级已经结束。"), code="ended")
    return found


def may_take(made: Escalation, user: Any) -> bool:
    """Whoever has the role the ticket was raised to, or one above."""
    return user.role in _ORDER and _ORDER.index(user.role) >= _ORDER.index(made.target_role)


@transaction.atomic
def take(*, escalation: Escalation, actor: "User") -> Escalation:
    """The one it was raised to takes it up."""
    made = _locked(escalation)
    if not may_take(made, actor):
        raise NotAllowed(_("须由%(role)s接手。") % {"role": made.get_target_role_display()})
    if made.taken_at is not None:
        raise Conflict(_("已有人接手。"), code="taken")
    made.taken_at, made.taken_by = clock.now(), actor
    made.save(update_fields=["taken_at", "taken_by"])
    cancel(subject_type=SUBJECT, subject_id=made.pk)
    _record(TAKEN, made, actor)
    return made


@transaction.atomic
def moment_came(*, escalation_id: int) -> None:
    """Nobody took it up in time: the next role above is told too."""
    made = (
        Escalation.objects.select_for_update(of=("self",))
        .select_related("ticket", "trigger")
        .filter(pk=escalation_id, ended_at=None, taken_at=None, late_at=None)
        .first()
    )
    if made is None:
        return
    made.late_at = clock.now()
    made.save(update_fields=["late_at"])
    above = _ORDER[min(_ORDER.index(made.target_role) + 1, len(_ORDER) - 1)]
    _tell(made, NoticeKind.ESCALATION_LATE, above)
    _record(LATE, made, None, to=above)


@transaction.atomic
def ask_end(*, escalation: Escalation, actor: "User", reason: str) -> Escalation:
    """Ask to lower a raised ticket; it stays raised until somebody else agrees."""
    made = _locked(escalation)
    if not actor.has_perm("tickets.escalate_ticket"):
        raise NotAllowed(_("您没有申请降级的权限。"))
    if not reason.strip():
        sentence = _("请填写降级原因。")
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    if made.approval is not None and made.approval.state == ApprovalState.PENDING:
        raise Conflict(_("降级申请正在审批。"), code="approval_pending")
    made.reason = reason.strip()[:REASON_LENGTH]
    made.approval = request_approval(
        kind=KIND,
        subject_type=SUBJECT,
        subject_id=made.pk,
        requester=actor,
        title=_("工单 %(number)s 降级：%(trigger)s")
        % {"number": made.ticket.number, "trigger": made.trigger.get_kind_display()},
        reason=made.reason,
        audience=made.ticket.audience,
    )
    made.save(update_fields=["reason", "approval"])
    return made


def decided(request: ApprovalRequest, actor: Any) -> None:
    """Agreed: the escalation ends, priority and level fall back when nothing else holds them. Else it stays."""
    made = Escalation.objects.select_related("ticket", "trigger").get(pk=request.subject_id)
    if request.state != ApprovalState.APPROVED:
        return
    made.ended_at, made.ended_by = clock.now(), actor
    made.save(update_fields=["ended_at", "ended_by"])
    cancel(subject_type=SUBJECT, subject_id=made.pk)
    ticket = transitions.lock(made.ticket)
    if not ticket.escalations.filter(ended_at=None).exists():
        _lower(ticket, made, actor)
    _record(ENDED, made, actor, reason=made.reason, approval=request.pk)


def _lower(ticket: Ticket, made: Escalation, actor: Any) -> None:
    first = ticket.escalations.order_by("pk").first() or made
    ticket.priority = first.was_priority
    ticket.updated_at = clock.now()
    sla.reapply(ticket)
    ticket.save(update_fields=["priority", "sla_policy", *sla.DUE_FIELDS, "updated_at"])
    levels.lower(ticket=ticket, actor=actor)


def active_of(ticket: Ticket) -> Collection[Escalation]:
    """What holds the ticket up now."""
    rows: Any = Escalation.objects
    return list(rows.active().for_list().filter(ticket=ticket).order_by("due_at", "id"))
