"""Applying for after-sales: goods of an order, a wish, and what law says about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.wording import listed
from customers.models import Order, OrderItem
from tickets.aftersales_choices import (
    EXECUTED_STATES,
    GREEN_OF,
    JUDGED_AS,
    NOT_JUDGED,
    OPEN_STATES,
    SENT_BACK,
    AfterSalesKind,
    AfterSalesReason,
    AfterSalesState,
    ExperimentKind,
    GoodsCondition,
    GreenOption,
)
from tickets.aftersales_outcomes import read_details
from tickets.compensation.reading import InputFaults
from tickets.eligibility import Facts, Judgement
from tickets.models import AfterSales, Ticket
from tickets.services import transitions
from tickets.services.aftersales import advice, eligibility, flow, limits, warranties

if TYPE_CHECKING:
    from crm.staff.models import User

EXCEPTION_RIGHT = "tickets.except_aftersales"
REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the customer wants, and what is known of the goods; the names are those of the API."""

    kind: str
    reason: str
    quantity: int = 1
    category: str = ""
    condition: str = GoodsCondition.UNKNOWN
    details: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    exclusion_confirmed: bool | None = None
    made_to_order: bool | None = None
    promised_days: int | None = None
    gift_price: Decimal | None = None
    has_evidence: bool = False
    health_harm: bool = False
    #: Repairs of the same fault that are not in these books, by the customer's receipts.
    repairs: int = 0
    requested_at: datetime | None = None
    #: How goods and parcels are saved, and the way of service that is tried out; "" for neither.
    green: str = ""
    experiment: str = ""


@transaction.atomic
def apply(
    *, ticket: Ticket, actor: "User", order: Order, wish: Wish, order_item: OrderItem | None = None, exception: str = ""
) -> AfterSales:
    """Open a request. 409 "not_offered" with the reason when law and promise do not offer this outcome, unless
    somebody with the right to make exceptions says why."""
    ticket = transitions.lock(ticket)
    if ticket.merged_into_id:
        raise Conflict(_("这张工单已被合并，请在合并后的工单上登记售后。"), code="merged")
    _check_goods(ticket, order, order_item, wish)
    _check_options(wish)
    details = _details(wish)
    requested_at = wish.requested_at or clock.now()
    if requested_at > clock.now():
        raise flow.field_error("requested_at", _("申请时间不能晚于现在。"))
    found = judgement(order=order, item=order_item, wish=wish, requested_at=requested_at)
    exception = _exception(found, wish.kind, exception, actor)
    request = AfterSales(
        ticket=ticket,
        order=order,
        order_item=order_item,
        kind=wish.kind,
        reason=wish.reason,
        category=wish.category,
        condition=wish.condition,
        quantity=wish.quantity,
        goods_value=eligibility.paid_share(order, order_item, wish.quantity),
        details=details,
        note=wish.note.strip(),
        eligibility=eligibility.kept(found) if found else {},
        exception=exception,
        advice=advice.given_before(ticket=ticket, order=order),
        applicant=actor,
        requested_at=requested_at,
        green=wish.green,
        experiment=wish.experiment,
        **_goods(order_item),
    )
    request.save(force_insert=True)
    limits.arm_red_line(request)
    return flow.enter(request, "apply", AfterSalesState.APPLIED, actor, note=exception, details=details)


def _goods(item: OrderItem | None) -> dict[str, str]:
    return {} if item is None else {"sku": item.sku, "name": item.name, "batch": item.batch}


def _check_goods(ticket: Ticket, order: Order, item: OrderItem | None, wish: Wish) -> None:
    if order.customer_id != ticket.customer_id:
        raise flow.field_error("order", _("这张订单不是这位客户的。"))
    if item is None:
        if wish.kind in SENT_BACK:
            raise flow.field_error("order_item", _("请选择要退换修的商品。"))
        return
    if item.order_id != order.pk:
        raise flow.field_error("order_item", _("这件商品不在这张订单里。"))
    left = item.quantity - (_not_with_the_customer(item) if wish.kind in SENT_BACK else 0)
    if not 0 < wish.quantity <= left:
        raise flow.field_error("quantity", _("数量须在 1 到 %(left)d 之间。") % {"left": max(left, 0)})


def _not_with_the_customer(item: OrderItem) -> int:
    """How many of the item are on their way back, or were returned for good. What was repaired or exchanged went out
    again and may come back once more."""
    under_way = Q(state__in=OPEN_STATES)
    returned = Q(kind=AfterSalesKind.RETURN_REFUND, state__in=EXECUTED_STATES, refusal="")
    rows = AfterSales.objects.filter(under_way | returned, order_item=item, kind__in=SENT_BACK)
    return rows.aggregate(n=Sum("quantity"))["n"] or 0


def _check_options(wish: Wish) -> None:
    offered = GREEN_OF.get(wish.kind, ())
    if wish.green and wish.green not in offered:
        names = listed(GreenOption(one).label for one in offered) or "—"
        raise flow.field_error("green", _("这个方案可选：%(names)s。") % {"names": names})
    if wish.experiment and wish.experiment not in ExperimentKind.values:
        raise flow.field_error("experiment", _("没有这种试验渠道。"))


def _details(wish: Wish) -> dict[str, Any]:
    try:
        return read_details(wish.kind, wish.details, phase="apply")
    except InputFaults as error:
        raise flow.refused_input(error.faults, "details.") from error


def judgement(*, order: Order, item: OrderItem | None, wish: Wish, requested_at: datetime) -> Judgement | None:
    """What law says; None where the goods have nothing to do with it. Raises InvalidInput naming what is missing."""
    if wish.reason in NOT_JUDGED or (order.signed_at is None and wish.kind not in SENT_BACK):
        return None
    serial = str(wish.details.get("serial", "")).strip()
    return eligibility.judged(
        Facts(
            category=wish.category,
            signed_at=order.signed_at,
            requested_at=requested_at,
            reason=JUDGED_AS.get(AfterSalesReason(wish.reason), wish.reason),
            condition=wish.condition,
            exclusion_confirmed=wish.exclusion_confirmed,
            made_to_order=wish.made_to_order,
            promised_days=wish.promised_days,
            gift_price=wish.gift_price,
            has_evidence=wish.has_evidence,
            health_harm=wish.health_harm,
            repairs=warranties.repairs_of(item, serial) + wish.repairs,
            warranty_until=warranties.until(serial),
        )
    )


def _exception(found: Judgement | None, kind: str, exception: str, actor: "User") -> str:
    """Why something is done that is not offered; "" when it is offered."""
    remedy = next((item for item in found.remedies if item.kind == kind), None) if found else None
    # What law does not order a shop may always grant as money: that is what the limits of compensation are for.
    if remedy is None or remedy.is_offered or kind in (AfterSalesKind.COMPENSATION, AfterSalesKind.PRICE_DIFFERENCE):
        return ""
    why = flow.said(remedy.why.text, remedy.why.values) if remedy.why else ""
    if not exception.strip():
        sentence = _("该方案不能提供：%(why)s") % {"why": why}
        raise Conflict(sentence, code="not_offered", fields={"kind": [sentence]}, reason=why)
    if not actor.has_perm(EXCEPTION_RIGHT):
        raise NotAllowed(_("您没有批准资格例外的权限，请联系组长。"))
    return flow.need(exception, "exception", _("请填写例外理由。"), REASON_LENGTH)
