"""Asking for a decision, deciding, and what happens when nobody does."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core import clock
from core.approvals import registry
from core.approvals.models import ApprovalRequest, ApprovalState, AuthorityLimit, Substitution
from core.approvals.querysets import absent_people
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from core.timers import TimerSpec, arm, cancel

EXPIRY_TIMER = "approval.expire"
SUBJECT = "approval"
REQUESTED = "approval.requested"
NOTE_LENGTH = 500


@transaction.atomic
def request_approval(
    *,
    kind: str,
    subject_type: str,
    subject_id: int,
    requester: Any,
    title: str,
    reason: str,
    amount: Decimal | None = None,
    audience: Sequence[str] = (),
) -> ApprovalRequest:
    """Put something before those who may decide about it. It expires by itself (the kind says when)."""
    expires_at = clock.now() + registry.kinds[kind].expires_after
    request = ApprovalRequest.objects.create(
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        requester=requester,
        title=title[:200],
        reason=reason[:500],
        amount=amount,
        audience=list(dict.fromkeys([*audience, f"user:{requester.pk}"])),
        expires_at=expires_at,
    )
    arm(
        TimerSpec(
            key=f"approval:{request.pk}",
            kind=EXPIRY_TIMER,
            due_at=expires_at,
            subject_type=SUBJECT,
            subject_id=request.pk,
        )
    )
    _record(REQUESTED, request, requester)
    return request


class Decider:
    """A person with the rights of those they stand in for; limits are read once for a whole list."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @cached_property
    def _people(self) -> list[Any]:
        return [] if getattr(self.user, "is_auditor", False) else [self.user, *absent_people(self.user)]

    @cached_property
    def _limits(self) -> dict[tuple[str, str], Decimal | None]:
        return {(row.kind, row.role): row.approves_up_to for row in AuthorityLimit.objects.all()}

    def right_holder(self, request: ApprovalRequest) -> Any:
        """Whose right decides: the person's own, else that of somebody absent; None = nobody's.

        Nobody decides what they asked for, neither themselves nor through a substitute.
        """
        codename = registry.kinds[request.kind].codename
        for person in self._people:
            most = self._limits.get((request.kind, person.role))
            if person.pk == request.requester_id or not person.has_perm(codename):
                continue
            if most is not None and request.amount is not None and request.amount > most:
                continue
            if person.pk == self.user.pk or ApprovalRequest.objects.visible_to(person).filter(pk=request.pk).exists():
                return person
        return None

    def may_decide(self, request: ApprovalRequest) -> bool:
        """Whether the request waits and the person may end it."""
        waits = request.state == ApprovalState.PENDING and request.expires_at > clock.now()
        return waits and request.requester_id != self.user.pk and self.right_holder(request) is not None


@transaction.atomic
def decide(*, request: ApprovalRequest, actor: Any, approve: bool, note: str = "") -> ApprovalRequest:
    """Approve or reject, once. 403 for the requester and for those without the right, 409 when it is over."""
    request = ApprovalRequest.objects.select_for_update(of=("self",)).select_related("requester").get(pk=request.pk)
    if request.requester_id == actor.pk:
        raise NotAllowed(_("不能审批自己提交的申请。"), code="own_request")
    holder = Decider(actor).right_holder(request)
    if holder is None:
        raise NotAllowed(_("您没有审批这项申请的权限，或金额超出您的审批额度。"))
    if request.state != ApprovalState.PENDING:
        state = request.get_state_display()
        raise Conflict(_("这项申请%(state)s，不能再审批。") % {"state": state}, code="already_decided")
    if request.expires_at <= clock.now():
        raise Conflict(_("这项申请已过审批期限，请重新提交。"), code="expired")
    request.note = note[:NOTE_LENGTH]
    request.decider = actor
    request.decided_for = holder if holder.pk != actor.pk else None
    _end(request, ApprovalState.APPROVED if approve else ApprovalState.REJECTED, actor)
    cancel(subject_type=SUBJECT, subject_id=request.pk)
    return request


@transaction.atomic
def expire(*, request_id: int) -> None:
    """The time to decide is over: what is still open is refused, and the requester told."""
    request = ApprovalRequest.objects.select_for_update().filter(pk=request_id, state=ApprovalState.PENDING).first()
    if request is not None:
        _end(request, ApprovalState.EXPIRED, None)


def _end(request: ApprovalRequest, state: ApprovalState, actor: Any) -> None:
    request.state = state
    request.decided_at = clock.now()
    request.save(update_fields=["state", "decided_at", "decider", "decided_for", "note"])
    _record(f"approval.{state.value}", request, actor)
    registry.kinds[request.kind].decided(request, actor)


def _record(kind: str, request: ApprovalRequest, actor: Any) -> None:
    payload = {
        "approval": request.pk,
        "kind": request.kind,
        "subject_type": request.subject_type,
        "subject_id": request.subject_id,
        "requester": request.requester_id,
        "amount": None if request.amount is None else str(request.amount),
        "decided_for": request.decided_for_id,
    }
    record_event(
        kind=kind,
        subject_type=SUBJECT,
        subject_id=request.pk,
        actor=actor,
        payload=payload,
        audience=request.audience,
    )


@transaction.atomic
def name_substitute(
    *, actor: Any, person: Any, substitute: Any, starts_at: datetime, ends_at: datetime
) -> Substitution:
    """Let another decide in a person's absence. Only an admin names one for somebody else."""
    if person.pk != actor.pk and not actor.is_admin:
        raise NotAllowed(_("只能为自己指定审批代理。"))
    if person.pk == substitute.pk:
        sentence = _("代理人不能是本人。")
        raise InvalidInput(sentence, fields={"substitute": [sentence]})
    if not substitute.is_active or substitute.is_auditor:
        sentence = _("这位同事不能代理审批。")
        raise InvalidInput(sentence, fields={"substitute": [sentence]})
    if ends_at <= starts_at or ends_at <= clock.now():
        sentence = _("结束时间须晚于开始时间和现在。")
        raise InvalidInput(sentence, fields={"ends_at": [sentence]})
    found = Substitution.objects.create(person=person, substitute=substitute, starts_at=starts_at, ends_at=ends_at)
    record_event(
        kind="approval.substitute_named",
        subject_type="substitution",
        subject_id=found.pk,
        actor=actor,
        payload={"person": person.pk, "substitute": substitute.pk, "ends_at": ends_at.isoformat()},
        audience=f"user:{substitute.pk}",
    )
    return found


@transaction.atomic
def end_substitution(*, substitution: Substitution, actor: Any) -> None:
    """Back earlier than planned: what has begun ends now, what has not is taken away."""
    row = Substitution.objects.select_for_update().get(pk=substitution.pk)
    if row.person_id != actor.pk and not actor.is_admin:
        raise NotAllowed(_("只能结束自己指定的审批代理。"))
    now = clock.now()
    if row.ends_at <= now:
        raise Conflict(_("这项审批代理已经结束。"), code="ended")
    record_event(
        kind="approval.substitute_ended",
        subject_type="substitution",
        subject_id=row.pk,
        actor=actor,
        payload={"person": row.person_id, "substitute": row.substitute_id},
        audience=f"user:{row.substitute_id}",
    )
    if row.starts_at >= now:
        row.delete()
        return
    row.ends_at = now
    row.save(update_fields=["ends_at"])
