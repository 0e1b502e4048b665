"""An order as another system tells of it: the body of the API, a line of a file."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict
from customers.models import Customer, Order, Shop
from customers.services.identification import resolve_customer
from customers.services.orders import upsert_order
from customers.services.validation import field_error


@transaction.atomic
def take_order(*, actor: Any, data: Mapping[str, Any]) -> tuple[Order, bool]:
    """Make or change the order told of; True when it was made. `data` has the fields of POST /orders/, checked.

    Raises InvalidInput naming the field, Conflict "not_visible" for an order the actor may not see.
    """
    values = dict(data)
    order_no, shop = values.pop("order_no"), _shop(values.pop("shop"))
    given, items = values.pop("customer", None), values.pop("items", None)
    known = Order.objects.filter(shop=shop, order_no=order_no)
    if known.exists() and not known.visible_to(actor).exists():
        raise Conflict(_("该订单号已存在，但您无权查看。"), code="not_visible")
    customer = _customer(given, actor)
    return upsert_order(
        actor=actor,
        shop=shop,
        order_no=order_no,
        customer=customer,
        values=values,  # type: ignore[arg-type]
        items=items,
    )


def _shop(key: str) -> Shop:
    shop = Shop.objects.filter(key=key, is_active=True).first()
    if shop is None:
        raise field_error("shop", _("没有这个启用的店铺：%(key)s。") % {"key": key})
    return shop


def _customer(given: Any, actor: Any) -> Customer | None:
    if given is None:
        return None
    if isinstance(given, dict):
        return resolve_customer(**given, actor=actor)
    pk = given if 0 < given < 2**63 else 0
    customer: Customer | None = Customer.objects.visible_to(actor).filter(pk=pk).first()
    if customer is None:
        raise field_error("customer", _("没有这位客户。"))
    return customer
