"""One request of after-sales in every state, for the tables of who gets which answer."""

from datetime import date
from typing import Any
from uuid import uuid4

from core import clock
from customers.models import Order
from tickets.models import AfterSales, Ticket
from tickets.services import refunds
from tickets.services.aftersales import applying, warranties

#: State → what is wanted then; the states that goods pass need goods.
WANTED = {
    "returning": "return_refund",
    "inspecting": "return_refund",
    "deciding": "refund_only",
    "executing": "repair",
    "done": "refund_only",
    "fed_back": "refund_only",
}


def build_aftersales(ticket: Ticket, order: Order, agent: Any) -> dict[str, Any]:
    """Ids by name: `aftersales` waits to be accepted, `aftersales_<state>` for the rest, and a refund to pay."""
    wish = applying.Wish(kind="refund_only", reason="not_received", note="一直没收到，电话 13800138000")
    made = applying.apply(ticket=ticket, actor=agent, order=order, wish=wish)
    item = order.items.first()
    assert item is not None
    copies = []
    for state, kind in WANTED.items():
        copy = AfterSales.objects.get(pk=made.pk)
        copy.pk, copy.id, copy.row_key = None, None, uuid4()  # type: ignore[assignment]
        copy._state.adding = True
        copy.state, copy.kind, copy.order_item, copy.sku = state, kind, item, item.sku
        copy.handler, copy.accepted_at = agent, clock.now()
        copy.note = made.note
        copy.save(force_insert=True)
        copies.append(copy)
    refund = refunds.ask(order=order, actor=agent, amount=refunds.left(order) / 10, reason="少发一件", ticket=ticket)
    return {
        "aftersales": made.pk,
        "order_item": item.pk,
        "refund": refund.pk,
        "warranty": warranties.register(actor=agent, serial="SN-77", starts_on=date(2026, 1, 31), months=12).pk,
        **{f"aftersales_{copy.state}": copy.pk for copy in copies},
    }
