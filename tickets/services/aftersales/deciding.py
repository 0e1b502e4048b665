"""The decision on a request and what follows: carried out, told to the customer, evaluated; or another outcome."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict
from core.events import record_events
from core.wording import listed
from tickets import events
from tickets.aftersales_choices import (
    COMPENSATED,
    REFUNDED,
    SENT_BACK,
    AfterSalesAction,
    AfterSalesKind,
    AfterSalesReason,
    AfterSalesState,
    RefundStatus,
)
from tickets.aftersales_outcomes import read_details
from tickets.choices import CompensationStatus
from tickets.compensation.reading import InputFaults
from tickets.models import AfterSales
from tickets.services import compensations, refunds
from tickets.services.aftersales import accepting, floors, flow, warranties

if TYPE_CHECKING:
    from crm.staff.models import User

_A, _S = AfterSalesAction, AfterSalesState
PRICE_CASE = "C-12"
RATINGS = range(1, 6)


@transaction.atomic
def decide(
    *,
    request: AfterSales,
    actor: "User",
    amount: Decimal | None = None,
    case: str = "",
    inputs: Mapping[str, Any] | None = None,
    note: str = "",
    override_reason: str = "",
) -> AfterSales:
    """Grant the outcome. Money: `amount`, never below the floor, never above what is left of the order;
    a compensation takes a case of the calculator with its inputs. 409 while goods were not looked at."""
    request = flow.lock(request)
    flow.guard(request, _A.DECIDE)
    if request.kind in SENT_BACK and not hasattr(request, "inspection"):
        raise Conflict(_("退回的商品还没有验货，不能决定退款。"), code="not_inspected")
    request.decided_at = clock.now()
    if request.kind in REFUNDED:
        _grant_refund(request, actor, amount, override_reason)
    elif request.kind in COMPENSATED:
        _grant_compensation(request, actor, amount, case, inputs or {}, override_reason)
    elif amount is not None:
        raise flow.field_error("amount", _("换货和维修不退款，请不要填写金额。"))
    return flow.enter(request, _A.DECIDE, _S.EXECUTING, actor, note=note)


def _grant_refund(request: AfterSales, actor: "User", amount: Decimal | None, override: str) -> None:
    if amount is None:
        raise flow.field_error("amount", _("请填写退款金额。"))
    floor = floors.floor_of(request)
    why = floors.hold(floor, amount, actor=actor, override=override)
    request.amount, request.floor = amount, floor.amount if floor else None
    if why:
        request.exception = why
        record_events([events.aftersales_event("below_floor", request, actor, amount=str(amount), reason=why)])
        floors.report(request.ticket, actor)
    refunds.ask(
        order=request.order,
        actor=actor,
        amount=amount,
        reason=str(request.get_reason_display()),
        ticket=request.ticket,
        aftersales=request,
    )


def _grant_compensation(
    request: AfterSales, actor: "User", amount: Decimal | None, case: str, inputs: Mapping[str, Any], override: str
) -> None:
    if request.kind == AfterSalesKind.PRICE_DIFFERENCE:
        case, inputs = PRICE_CASE, {**request.details, "q": request.quantity}
    elif not case:
        raise flow.field_error("case", _("请选择补偿情形。"))
    if amount is None:
        amount = compensations.quote(actor=actor, case=case, inputs=inputs).total
    if amount <= 0:
        raise flow.field_error("amount", _("没有应补的金额。"))
    made = compensations.grant(
        ticket=request.ticket, actor=actor, case=case, inputs=inputs, amount=amount, override_reason=override
    )
    request.compensation, request.amount, request.floor = made, made.amount, made.floor


@transaction.atomic
def refuse(*, request: AfterSales, actor: "User", reason: str) -> AfterSales:
    """Say no, with a reason the customer can be told. What law grants is never refused: 409 with the articles."""
    request = flow.lock(request)
    flow.guard(request, _A.REFUSE)
    reason = flow.need(reason, "reason", _("请填写拒绝理由。"))
    _check_refusal(request)
    request.refusal, request.decided_at = reason, clock.now()
    return flow.enter(request, _A.REFUSE, _S.REFUSED, actor, note=reason)


def _check_refusal(request: AfterSales) -> None:
    verdict = request.eligibility.get("verdict") if request.eligibility else None
    inspection = getattr(request, "inspection", None)
    if inspection is not None and inspection.result != "intact" and request.reason == AfterSalesReason.NO_REASON:
        return
    if inspection is not None and inspection.result == "wrong_goods":
        return
    if verdict == "eligible":
        basis = [_(article) for article in request.eligibility["basis"]]
        raise Conflict(
            _("依法应当办理，不能拒绝（%(basis)s）。") % {"basis": listed(basis)}, code="owed_by_law", basis=basis
        )


@transaction.atomic
def complete(*, request: AfterSales, actor: "User", values: Mapping[str, Any]) -> AfterSales:
    """It was carried out. Money must have gone out; goods need the number of their parcel."""
    request = flow.lock(request)
    flow.guard(request, _A.COMPLETE)
    try:
        given = read_details(request.kind, values, phase="complete")
    except InputFaults as error:
        raise flow.refused_input(error.faults) from error
    if request.kind in REFUNDED and not request.refunds.filter(status=RefundStatus.PAID).exists():
        raise Conflict(_("退款还没有打款，不能完成。"), code="not_paid")
    if request.kind in COMPENSATED:
        made = request.compensation
        if made is None or made.status != CompensationStatus.PAID:
            raise Conflict(_("补偿还没有打款，不能完成。"), code="not_paid")
    request.details = {**request.details, **given}
    warranties.went_out(request)
    return flow.enter(request, _A.COMPLETE, _S.DONE, actor, details=given)


@transaction.atomic
def feedback(*, request: AfterSales, actor: "User", note: str) -> AfterSales:
    """The customer was told."""
    request = flow.lock(request)
    flow.guard(request, _A.FEEDBACK)
    note = flow.need(note, "note", _("请填写反馈内容。"))
    return flow.enter(request, _A.FEEDBACK, _S.FED_BACK, actor, note=note)


@transaction.atomic
def evaluate(*, request: AfterSales, actor: "User", rating: int, note: str = "") -> AfterSales:
    """What the customer thought of it, 1 to 5."""
    request = flow.lock(request)
    flow.guard(request, _A.EVALUATE)
    if rating not in RATINGS:
        raise flow.field_error("rating", _("评价须为 1 到 5。"))
    request.rating = rating
    return flow.enter(request, _A.EVALUATE, _S.EVALUATED, actor, note=note)


@transaction.atomic
def cancel(*, request: AfterSales, actor: "User", reason: str) -> AfterSales:
    """The customer does not want it any more."""
    request = flow.lock(request)
    flow.guard(request, _A.CANCEL)
    reason = flow.need(reason, "reason", _("请填写撤销原因。"))
    return flow.enter(request, _A.CANCEL, _S.CANCELLED, actor, note=reason)


@transaction.atomic
def switch(
    *, request: AfterSales, actor: "User", kind: str, reason: str, details: Mapping[str, Any] | None = None
) -> AfterSales:
    """Another outcome midway. What was done stays done: goods that came back are not asked for again."""
    request = flow.lock(request)
    flow.guard(request, _A.SWITCH)
    reason = flow.need(reason, "reason", _("请填写改方案的原因。"))
    if kind == request.kind:
        raise flow.field_error("kind", _("方案没有变化。"))
    if kind in SENT_BACK and request.order_item_id is None:
        raise flow.field_error("kind", _("没有指明商品，不能改为退货、换货或维修。"))
    try:
        values = read_details(kind, details or {}, phase="apply")
    except InputFaults as error:
        raise flow.refused_input(error.faults, "details.") from error
    left = {"kind": request.kind, "details": request.details}
    # Another outcome than repair: the thing is not being repaired any more.
    warranties.went_out(request)
    request.kind, request.details = kind, values
    if request.accepted_at is None:
        return flow.enter(request, _A.SWITCH, _S.APPLIED, actor, note=reason, details=left)
    return accepting.into_work(request, _A.SWITCH, actor, note=reason, details=left)


def proposed(request: AfterSales) -> Decimal | None:
    """The sum to begin with on the form: what law gives back, else what was paid, never more than is left."""
    if request.kind not in REFUNDED:
        return None
    floor = floors.floor_of(request)
    return min(floor.amount if floor else request.goods_value, refunds.left(request.order))
