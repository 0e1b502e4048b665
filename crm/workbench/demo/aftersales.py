"""After-sales of the story: a return on every stage, an exchange above the limit, a repair, a refund that failed."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.approvals.services import decide
from core.errors import DomainError
from crm.workbench.demo.stage import Life
from customers.models import Order, OrderItem
from tickets.aftersales_choices import AfterSalesState
from tickets.models import AfterSales, Ticket
from tickets.services import attachments, refunds
from tickets.services.aftersales import accepting, applying, deciding, warranties

BETWEEN = timedelta(hours=5)
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Wanted:
    """One request of the story, and how far it gets: so many of `steps`."""

    kind: str
    reason: str
    category: str
    steps: tuple[str, ...]
    details: dict[str, str] = field(default_factory=dict)
    condition: str = "intact"
    note: str = ""
    found: str = "intact"
    green: str = ""
    experiment: str = ""


_BACK = ("accept", "receive", "inspect")
WANTED = (
    Wanted("return_refund", "no_reason", "textiles", (*_BACK, "decide", "pay", "tell", "rate"), note="颜色和房间不搭",
           green="packaging"),
    Wanted("return_refund", "quality", "textiles", (*_BACK, "decide", "pay"), note="洗一次就起球"),
    Wanted("return_refund", "no_reason", "home", _BACK, found="not_intact", note="用过两次，想退"),
    Wanted("return_refund", "no_reason", "textiles", (*_BACK, "decide", "fail"), note="拍重了"),
    Wanted("exchange", "wrong_item", "textiles", ("accept",), {"replacement_sku": "MHT-4J-CM60-L"}, note="发成小号"),
    Wanted("exchange", "quality", "textiles", ("accept", "receive"), {"replacement_sku": "MHT-B-DD"}, note="跑绒",
           green="trade_in"),
    Wanted("repair", "quality", "appliance", ("accept", "receive"), {"fault": "按键失灵", "serial": "NS02-77103"},
           experiment="virtual_repair"),
    Wanted("refund_only", "damaged", "home", ("accept",), note="收到时已碎"),
    Wanted("return_refund", "misadvised", "textiles", (), note="客服说是纯棉，吊牌写涤纶"),
)  # fmt: skip


def returns(staff: dict[str, Any]) -> Life:
    """Every request on a ticket of its own, the newest at that moment."""
    used = set[int]()
    for number, wanted in enumerate(WANTED):
        found = _ticket(used)
        if found is not None:
            used.add(found[0].pk)
            yield from _through(wanted, staff["supervisor"], *found)
        yield clock.now() + BETWEEN if number < len(WANTED) - 1 else clock.now() + timedelta(minutes=1)


def _ticket(used: set[int]) -> tuple[Ticket, Order, OrderItem] | None:
    """The newest ticket whose order was signed for lately."""
    rows = Ticket.objects.filter(merged_into=None).exclude(assignee=None).exclude(order_no="").exclude(pk__in=used)
    lately = clock.now() - timedelta(days=7)
    for ticket in rows.select_related("assignee").order_by("-id")[:40]:
        order = Order.objects.filter(
            customer=ticket.customer_id, order_no=ticket.order_no, signed_at__gt=lately, signed_at__lt=clock.now()
        ).first()
        item = order.items.first() if order else None
        if order is not None and item is not None and order.paid:
            return ticket, order, item
    return None


def _through(wanted: Wanted, supervisor: Any, ticket: Ticket, order: Order, item: OrderItem) -> Life:
    agent: Any = ticket.assignee
    wish = applying.Wish(
        kind=wanted.kind,
        reason=wanted.reason,
        category=wanted.category,
        condition=wanted.condition,
        details=wanted.details,
        note=wanted.note,
        has_evidence=wanted.reason != "no_reason",
        green=wanted.green,
        experiment=wanted.experiment,
    )
    serial = wanted.details.get("serial")
    if serial:
        warranties.register(actor=agent, serial=serial, starts_on=order.ordered_at.date(), months=12, order=order)
    try:
        request = applying.apply(ticket=ticket, actor=agent, order=order, order_item=item, wish=wish)
    except DomainError:
        # The story's dice gave this order no such right: then nobody asks for it.
        return
    for step in wanted.steps:
        yield clock.now() + timedelta(minutes=25)
        request = AfterSales.objects.select_related("approval").get(pk=request.pk)
        if request.state == AfterSalesState.APPROVING and request.approval is not None:
            decide(request=request.approval, actor=supervisor, approve=True, note="同意换货")
            request.refresh_from_db()
        _STEPS[step](request, agent, wanted)


def _inspect(request: AfterSales, agent: Any, wanted: Wanted) -> None:
    upload = SimpleUploadedFile("验货.png", _PICTURE, "image/png")
    photo = attachments.store_attachment(upload=upload, actor=agent)
    note = "有使用痕迹，吊牌已剪" if wanted.found == "not_intact" else ""
    accepting.inspect(request=request, actor=agent, result=wanted.found, photos=[photo], note=note)


def _decide(request: AfterSales, agent: Any, wanted: Wanted) -> None:
    deciding.decide(request=request, actor=agent, amount=deciding.proposed(request) or Decimal(1))


_STEPS: dict[str, Callable[[AfterSales, Any, Wanted], Any]] = {
    "accept": lambda request, agent, _wanted: accepting.accept(request=request, actor=agent),
    "receive": lambda request, agent, _wanted: accepting.receive(request=request, actor=agent),
    "inspect": _inspect,
    "decide": _decide,
    "pay": lambda request, agent, _wanted: refunds.pay(
        refund=request.refunds.get(), actor=agent, reference=f"TK{request.pk:06d}"
    ),
    "fail": lambda request, agent, _wanted: refunds.fail(
        refund=request.refunds.get(), actor=agent, reason="收款账户状态异常"
    ),
    "tell": lambda request, agent, _wanted: deciding.feedback(request=request, actor=agent, note="退款已原路退回"),
    "rate": lambda request, agent, _wanted: deciding.evaluate(request=request, actor=agent, rating=5),
}
