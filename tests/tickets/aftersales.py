"""An order to bring back, and the shortest way through after-sales."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.staff.models import User
from customers.models import Order, OrderItem, Shop
from customers.services import upsert_order
from tickets.models import AfterSales, Attachment, Ticket
from tickets.services import attachments
from tickets.services.aftersales import accepting, applying

SIGNED = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    + b"\x00" * 40
)

MakeOrder = Callable[..., Order]


def place_order(
    ticket: Ticket, *, no: str = "TB1", paid: str = "300", platform: str = "taobao", **values: Any
) -> Order:
    """An order of the ticket's customer: a dress for 200, twice a mug for 50."""
    shop, _made = Shop.objects.get_or_create(key=f"shop-{platform}", defaults={"name": platform, "platform": platform})
    told: Any = {
        "ordered_at": SIGNED - timedelta(days=3),
        "paid_at": SIGNED - timedelta(days=3),
        "signed_at": SIGNED,
        "status": "signed",
        "paid": Decimal(paid),
        **values,
    }
    order, _new = upsert_order(
        actor=None,
        shop=shop,
        order_no=no,
        customer=ticket.customer,
        values=told,
        items=[
            {"sku": "DRESS", "name": "连衣裙", "quantity": 1, "price": Decimal(200)},
            {"sku": "MUG", "name": "马克杯", "quantity": 2, "price": Decimal(50)},
        ],
    )
    return order


def dress(order: Order) -> OrderItem:
    return order.items.get(sku="DRESS")


def apply(ticket: Ticket, actor: User, order: Order, kind: str = "return_refund", **wish: Any) -> AfterSales:
    item, exception = wish.pop("item", dress(order)), wish.pop("exception", "")
    wish = {"reason": "no_reason", "category": "clothing", "condition": "intact"} | wish
    return applying.apply(
        ticket=ticket, actor=actor, order=order, order_item=item, exception=exception,
        wish=applying.Wish(kind=kind, **wish),
    )  # fmt: skip


def photo(actor: User, name: str = "验货.png") -> Attachment:
    return attachments.store_attachment(upload=SimpleUploadedFile(name, PNG), actor=actor)


def inspected(request: AfterSales, actor: User, result: str = "intact", **more: Any) -> AfterSales:
    """Accepted, back in the warehouse and looked at."""
    request = accepting.accept(request=request, actor=actor)
    request = accepting.receive(request=request, actor=actor)
    return accepting.inspect(request=request, actor=actor, result=result, photos=[photo(actor)], **more)


@pytest.fixture
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
