"""Orders as the shops' systems report them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, TypedDict

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.wording import listed
from customers import events
from customers.choices import OrderStatus
from customers.models import Customer, Order, OrderItem, Shop
from customers.services.validation import clean_line, clean_phone, field_error
from customers.services.values import refresh_values_on_commit

CENT = Decimal("0.01")
STEPS = ("ordered_at", "paid_at", "shipped_at", "signed_at")
MOST = Decimal("9999999999.99")


class OrderValues(TypedDict, total=False):
    """What a shop's system tells of an order; absent means "unchanged"."""

    status: str
    ordered_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    signed_at: datetime | None
    total: Decimal
    paid: Decimal
    receiver_name: str
    receiver_phone: str
    receiver_address: str


class ItemValues(TypedDict, total=False):
    sku: str
    name: str
    quantity: int
    price: Decimal
    batch: str


def upsert_order(
    *,
    actor: Any,
    shop: Shop,
    order_no: str,
    values: OrderValues,
    customer: Customer | None = None,
    items: Sequence[ItemValues] | None = None,
) -> tuple[Order, bool]:
    """Make or change the order of that number in that shop; True when it was made.

    `items` replace the order's. Raises InvalidInput naming the field at fault; a new order needs a customer.
    """
    number = clean_line(order_no, field="order_no", limit=100)
    if not number:
        raise field_error("order_no", _("请填写订单号。"))
    lines = None if items is None else [_clean_item(item) for item in items]
    with transaction.atomic():
        existing = Order.objects.select_for_update(of=("self",)).filter(shop=shop, order_no=number).first()
        if existing is None:
            if customer is None:
                raise field_error("customer", _("新订单须指明客户。"))
            existing, created = _make(shop, number, customer, values, lines or [])
            if created:
                events.record_customer_event(
                    events.ORDER_CREATED, customer.pk, actor, order=existing.pk, order_no=number, status=existing.status
                )
                refresh_values_on_commit([customer.pk])
                return existing, True
        return _change(existing, values, lines, customer=customer, actor=actor), False


def _make(
    shop: Shop, number: str, customer: Customer, values: OrderValues, lines: list[dict[str, Any]]
) -> tuple[Order, bool]:
    """The new order; or, when two systems report it at once, the row of the one that came first."""
    blank = Order(shop=shop, order_no=number, customer=customer, ordered_at=now())
    cleaned = _clean(values, blank)
    cleaned.setdefault("ordered_at", min(m for m in (*_moments(cleaned), blank.ordered_at)))
    cleaned.setdefault("total", sum((line["price"] * line["quantity"] for line in lines), Decimal(0)))
    order, created = Order.objects.get_or_create(shop=shop, order_no=number, defaults={"customer": customer, **cleaned})
    if created:
        _replace_items(order, lines)
    return order, created


def _change(
    order: Order,
    values: OrderValues,
    lines: list[dict[str, Any]] | None,
    *,
    customer: Customer | None,
    actor: Any,
) -> Order:
    cleaned = _clean(values, order)
    changed = {name: value for name, value in cleaned.items() if getattr(order, name) != value}
    if customer is not None and order.customer_id != customer.pk:
        changed["customer"] = customer
    before, holders = order.status, {order.customer_id}
    if changed:
        for name, value in changed.items():
            setattr(order, name, value)
        order.save(update_fields=[*changed, "updated_at"])
        refresh_values_on_commit(holders | {order.customer_id})
    has_other_goods = lines is not None and _replace_items(order, lines)
    # What another system repeats is no news.
    if changed or has_other_goods:
        events.record_customer_event(
            events.ORDER_UPDATED,
            order.customer_id,
            actor,
            order=order.pk,
            order_no=order.order_no,
            fields=sorted(changed),
            status={"from": before, "to": order.status},
        )
    return order


def _replace_items(order: Order, lines: list[dict[str, Any]]) -> bool:
    """The order's items as told; whether that changed any. A line of the same goods keeps its row: after-sales
    point at it."""
    known = list(order.items.all())
    fresh, changed = [], []
    for line in lines:
        item = next((item for item in known if (item.sku, item.batch) == (line["sku"], line["batch"])), None)
        if item is None:
            fresh.append(OrderItem(order=order, **line))
            continue
        known.remove(item)
        if any(getattr(item, name) != value for name, value in line.items()):
            for name, value in line.items():
                setattr(item, name, value)
            changed.append(item)
    order.items.filter(pk__in=[item.pk for item in known]).delete()
    OrderItem.objects.bulk_update(changed, ["name", "quantity", "price"])
    OrderItem.objects.bulk_create(fresh)
    return bool(known or changed or fresh)


def _clean_item(item: ItemValues) -> dict[str, Any]:
    sku = clean_line(item.get("sku"), field="items", limit=100)
    if not sku:
        raise field_error("items", _("每件商品都要有商品编码。"))
    quantity = item.get("quantity", 1)
    if not 0 < quantity <= 1_000_000:
        raise field_error("items", _("商品数量须在 1 到 1000000 之间。"))
    return {
        "sku": sku,
        "name": clean_line(item.get("name"), field="items", limit=200),
        "quantity": quantity,
        "price": _money(item.get("price", Decimal(0)), "items"),
        "batch": clean_line(item.get("batch"), field="items", limit=100),
    }


def _clean(values: OrderValues, order: Order) -> dict[str, Any]:
    cleaned: dict[str, Any] = dict(values)
    if "status" in cleaned and cleaned["status"] not in OrderStatus.values:
        raise field_error("status", _("订单状态须为：%(values)s。") % {"values": listed(OrderStatus.values)})
    for field in ("total", "paid"):
        if field in cleaned:
            cleaned[field] = _money(cleaned[field], field)
    for field, limit in {"receiver_name": 100, "receiver_address": 300}.items():
        if field in cleaned:
            cleaned[field] = clean_line(cleaned[field], field=field, limit=limit)
    if "receiver_phone" in cleaned:
        cleaned["receiver_phone"] = clean_phone(cleaned["receiver_phone"], field="receiver_phone")
    _check_sequence(cleaned, order)
    return cleaned


def _money(value: Decimal, field: str) -> Decimal:
    """To the cent, half up. Raises InvalidInput for negative or unstorable amounts."""
    if not value.is_finite() or not 0 <= value <= MOST:
        raise field_error(field, _("金额须为 0 到 9999999999.99 之间的数。"))
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def _moments(values: Mapping[str, Any]) -> list[datetime]:
    return [values[name] for name in STEPS if values.get(name) is not None]


def _check_sequence(cleaned: dict[str, Any], order: Order) -> None:
    """An order is placed, paid, shipped and signed for in this sequence; steps may be unknown."""
    # Of a new order only what was told counts: its own placing defaults to now.
    known = [(name, cleaned.get(name, getattr(order, name) if order.pk else None)) for name in STEPS]
    moments = [(name, moment) for name, moment in known if moment is not None]
    for (_earlier, first), (later, second) in pairwise(moments):
        if second < first:
            raise field_error(later, _("时间顺序不对：应为下单、付款、发货、签收。"))
