"""Granting and paying compensation: never below the law, never silently above one's authority."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.approvals import authority
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import request_approval
from core.errors import Conflict, InvalidInput
from core.events import record_events
from tickets import compensation as calculator
from tickets import events
from tickets.choices import COMPENSATION_STANDING, CompensationForm, CompensationStatus
from tickets.compensation import InputFaults, Quote
from tickets.models import Compensation, Ticket
from tickets.services import payouts
from tickets.services.aftersales.floors import Floor, hold, report
from tickets.services.precedents import price_of, require_reason

if TYPE_CHECKING:
    from crm.staff.models import User

KIND, COUPON_KIND = "compensation", "coupon"
GOODWILL = "C-22"
NOTE_LENGTH = 500
# Money for a good review, for deleting one, or for taking back a report is forbidden (M-05, P-14).
_TIED = re.compile(
    r"好评|五星|删(除)?(差|中)?评|改(差|中)?评|(修改|删除|撤销?|追加)(评价|评论)|撤诉|(撤销|撤回|撤掉?)(投诉|举报)"
)


@dataclass(frozen=True)
class Agreed:
    """An offer the customer accepted. Up to the `ceiling` of the ladder no more than the person's own limit is asked
    for; `is_approved`: somebody else agreed to this very sum before it was offered."""

    ceiling: Decimal
    is_approved: bool


def said(sentence: str, values: Mapping[str, str]) -> str:
    """A sentence of the calculator in the reader's language."""
    return _(sentence) % values


def quote(*, actor: "User", case: str, inputs: Mapping[str, Any]) -> Quote:
    """What is owed; whether the person would need approval counts what they granted today."""
    try:
        return calculator.quote(case, inputs, authority=authority.left(KIND, actor))
    except InputFaults as error:
        raise _refused(error) from error


def _refused(error: InputFaults) -> InvalidInput:
    fields = {
        name if name == "case" else f"inputs.{name}": [said(fault.text, fault.values)]
        for name, fault in error.faults.items()
    }
    return InvalidInput(_("补偿测算的数据有误，请检查标出的项。"), code="invalid_inputs", fields=fields)


@transaction.atomic
def grant(
    *,
    ticket: Ticket,
    actor: "User",
    case: str,
    inputs: Mapping[str, Any],
    amount: Decimal,
    form: str = CompensationForm.TRANSFER,
    note: str = "",
    override_reason: str = "",
    agreed: Agreed | None = None,
) -> Compensation:
    """Promise a sum. Above the person's authority it waits for approval. Below the floor it is refused, unless
    somebody with that right says why; that is kept and told to the others who have it. `agreed`: it was negotiated."""
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    if ticket.merged_into_id:
        raise Conflict(_("这张工单已被合并，请在合并后的工单上补偿。"), code="merged")
    found = quote(actor=actor, case=case, inputs=inputs)
    _check(found, amount, form, note)
    floor = None if found.floor is None else Floor(found.floor, found.basis)
    why = hold(floor, amount, actor=actor, override=override_reason)
    if found.is_punitive:
        _refuse_second_head(ticket)
    require_reason(ticket, found, inputs, amount, note)
    reason = "" if agreed and agreed.is_approved else _reason_for_approval(actor, found, amount, form, agreed)
    compensation = Compensation.objects.create(
        ticket=ticket,
        form=form,
        inputs=dict(inputs),
        amount=amount,
        status=CompensationStatus.PENDING if reason else CompensationStatus.GRANTED,
        decided_at=None if reason else clock.now(),
        note=note,
        is_below_floor=bool(why),
        floor_reason=why,
        granted_by=actor,
        category=ticket.category,
        price=price_of(inputs),
        **_snapshot(found),
    )
    kind = events.COMPENSATION_GRANTED
    if reason:
        kind = events.COMPENSATION_REQUESTED
        _ask(compensation, actor, reason)
    record_events([events.compensation_event(kind, compensation, actor)])
    if why:
        below = events.compensation_event(events.COMPENSATION_BELOW_FLOOR, compensation, actor, reason=why)
        record_events([below])
        report(ticket, actor)
    return compensation


def _snapshot(found: Quote) -> dict[str, Any]:
    return {
        "case": found.case,
        "refund": found.refund,
        "additional": found.additional,
        "total": found.total,
        "floor": found.floor,
        "cap": found.cap,
        "basis": list(found.basis),
        "terms": [{"label": term.label, "amount": str(term.amount)} for term in found.terms],
        "notes": [{"text": note.text, "values": note.values} for note in found.notes],
        "is_punitive": found.is_punitive,
    }


def _check(found: Quote, amount: Decimal, form: str, note: str) -> None:
    if amount <= 0:
        sentence = _("补偿金额须大于 0。")
        raise InvalidInput(sentence, fields={"amount": [sentence]})
    if found.total < 0:
        raise Conflict(_("该情形应由客户补差价，不能补偿；不得自动收取。"), code="difference_due")
    if form == CompensationForm.COUPON and found.case != GOODWILL:
        sentence = _("法定或承诺的赔付不能用优惠券代替，优惠券只用于商家自主补偿。")
        raise InvalidInput(sentence, fields={"form": [sentence]})
    if _TIED.search(note):
        sentence = _("补偿不得以好评、删改评价或撤销投诉举报为条件，请修改备注。")
        raise InvalidInput(sentence, code="tied_to_review", fields={"note": [sentence]})


def _refuse_second_head(ticket: Ticket) -> None:
    standing = ticket.compensations.filter(is_punitive=True, status__in=COMPENSATION_STANDING)
    if standing.exists():
        raise Conflict(_("这张工单已有一项惩罚性赔偿，不得重复适用。"), code="double_punitive")


def _reason_for_approval(actor: "User", found: Quote, amount: Decimal, form: str, agreed: Agreed | None) -> str:
    """Why somebody else must agree; "" when the person may grant it, and then it counts against their day."""
    if amount > max(found.total, found.floor or Decimal(0), agreed.ceiling if agreed else Decimal(0)):
        return _("金额高于测算的 %(total)s 元") % {"total": f"{found.total:.2f}"}
    if found.needs_review:
        return _("该情形须经人工审核")
    kind = COUPON_KIND if form == CompensationForm.COUPON else KIND
    if authority.take(kind=kind, person=actor, amount=amount):
        return ""
    left = authority.left(kind, actor) or Decimal(0)
    return _("超出授权额度（今日剩余 %(left)s 元）") % {"left": f"{left:.2f}"}


def _ask(compensation: Compensation, actor: "User", reason: str) -> None:
    ticket = compensation.ticket
    assert ticket is not None
    title = _("%(case)s，工单 %(number)s，补偿 %(amount)s 元") % {
        "case": _(calculator.CASES[compensation.case].title),
        "number": ticket.number,
        "amount": f"{compensation.amount:.2f}",
    }
    compensation.approval = request_approval(
        kind=KIND,
        subject_type="compensation",
        subject_id=compensation.pk,
        requester=actor,
        title=title,
        reason=reason,
        amount=compensation.amount,
        audience=ticket.audience,
    )
    compensation.save(update_fields=["approval"])


def decided(request: ApprovalRequest, actor: Any) -> None:
    """What a decision means for the money: granted, or refused for good. Runs in the decision's transaction."""
    compensation = Compensation.objects.select_related("ticket").get(pk=request.subject_id)
    compensation.status = {
        ApprovalState.APPROVED.value: CompensationStatus.GRANTED,
        ApprovalState.REJECTED.value: CompensationStatus.REJECTED,
    }.get(request.state, CompensationStatus.EXPIRED)
    compensation.decided_at = clock.now()
    compensation.save(update_fields=["status", "decided_at"])
    kind = f"compensation.{'approved' if compensation.status == CompensationStatus.GRANTED else compensation.status}"
    record_events([events.compensation_event(kind, compensation, actor, approval=request.pk)])


@transaction.atomic
def pay(*, compensation: Compensation, actor: "User", reference: str = "") -> Compensation:
    """Record the payment, once: asked again it answers with the payment that was made. A failed one is tried again."""
    held = _held(compensation)
    if payouts.mark_paid(held, waiting=CompensationStatus.GRANTED, actor=actor, reference=reference):
        record_events([events.compensation_event(events.COMPENSATION_PAID, held, actor)])
    return held


@transaction.atomic
def fail(*, compensation: Compensation, actor: "User", reason: str) -> Compensation:
    """Record that the payment was not carried out; it may be paid again."""
    held = _held(compensation)
    if payouts.mark_failed(held, waiting=CompensationStatus.GRANTED, reason=reason):
        record_events([events.compensation_event(events.COMPENSATION_FAILED, held, actor)])
    return held


@transaction.atomic
def reverse(*, compensation: Compensation, actor: "User", reason: str) -> Compensation:
    """Record that the money came back, or that it is given up. Final: whatever is owed then is granted anew."""
    held = _held(compensation)
    if payouts.mark_reversed(held, waiting=CompensationStatus.GRANTED, actor=actor, reason=reason):
        record_events([events.compensation_event(events.COMPENSATION_REVERSED, held, actor)])
    return held


def _held(compensation: Compensation) -> Compensation:
    rows: Any = Compensation.objects.select_for_update(of=("self",)).select_related("ticket")
    held: Compensation = rows.get(pk=compensation.pk)
    return held
