"""Refunds: never more than the order paid less what was given back, whoever asks at the same moment (D02)."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core.errors import Conflict
from core.events import record_events
from customers.models import Order
from tickets import events
from tickets.aftersales_choices import AfterSalesAction, AfterSalesState, RefundStatus
from tickets.models import AfterSales, Refund, Ticket
from tickets.services import payouts
from tickets.services.aftersales import flow

if TYPE_CHECKING:
    from crm.staff.models import User

REASON_LENGTH = 200


def refunded(order: Order) -> Decimal:
    """What the order's standing refunds sum up to."""
    rows: Any = Refund.objects.filter(order=order).standing()
    total: Decimal | None = rows.aggregate(total=Sum("amount"))["total"]
    return total or Decimal(0)


def left(order: Order) -> Decimal:
    """What may still be given back."""
    return max(Decimal(0), order.paid - refunded(order))


@transaction.atomic
def ask(
    *,
    order: Order,
    actor: "User",
    amount: Decimal,
    reason: str,
    ticket: Ticket | None = None,
    aftersales: AfterSales | None = None,
) -> Refund:
    """Promise a refund. 409 "exceeds_paid" when it would be more than is left.

    The order's row is held from the sum to the insert, so that two refunds at the same moment see each other;
    a trigger of the database refuses what would come past this.
    """
    reason = flow.need(reason, "reason", _("请填写退款原因。"), REASON_LENGTH)
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise flow.field_error("amount", _("退款金额须大于 0，最多两位小数。"))
    order = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    if ticket is not None and ticket.customer_id != order.customer_id:
        raise flow.field_error("ticket", _("这张工单不是这位客户的。"))
    given = refunded(order)
    if given + amount > order.paid:
        values = {"paid": f"{order.paid:.2f}", "refunded": f"{given:.2f}", "left": f"{max(order.paid - given, 0):.2f}"}
        sentence = _("退款超出可退金额：实付 %(paid)s 元，已退 %(refunded)s 元，最多可退 %(left)s 元。") % values
        raise Conflict(sentence, code="exceeds_paid", fields={"amount": [sentence]}, **values)
    refund = Refund.objects.create(
        order=order, ticket=ticket, aftersales=aftersales, amount=amount, reason=reason, requested_by=actor
    )
    record_events([events.refund_event("requested", refund, actor)])
    return refund


@transaction.atomic
def pay(*, refund: Refund, actor: "User", reference: str = "") -> Refund:
    """Record that the money went out, once; the after-sales request it belongs to is carried out with it."""
    refund = _held(refund)
    if payouts.mark_paid(refund, waiting=RefundStatus.PENDING, actor=actor, reference=reference):
        record_events([events.refund_event("paid", refund, actor)])
        _carried_out(refund, actor)
    return refund


@transaction.atomic
def fail(*, refund: Refund, actor: "User", reason: str) -> Refund:
    """Record that it was not carried out; it may be paid again."""
    refund = _held(refund)
    if payouts.mark_failed(refund, waiting=RefundStatus.PENDING, reason=reason):
        record_events([events.refund_event("failed", refund, actor)])
    return refund


@transaction.atomic
def reverse(*, refund: Refund, actor: "User", reason: str) -> Refund:
    """Record that the money came back, or that the refund is given up; its place in the order's money is free."""
    refund = _held(refund)
    if payouts.mark_reversed(refund, waiting=RefundStatus.PENDING, actor=actor, reason=reason):
        record_events([events.refund_event("reversed", refund, actor)])
    return refund


def _held(refund: Refund) -> Refund:
    """The row, held, so that events and the request follow the state that was really there."""
    rows: Any = Refund.objects.select_for_update(of=("self",)).select_related("ticket", "order")
    held: Refund = rows.get(pk=refund.pk)
    return held


def _carried_out(refund: Refund, actor: "User") -> None:
    if refund.aftersales_id is None:
        return
    request = flow.locked(refund.aftersales_id)
    if request is not None and request.state == AfterSalesState.EXECUTING:
        flow.enter(request, AfterSalesAction.COMPLETE, AfterSalesState.DONE, actor, note=_("已退款"))
