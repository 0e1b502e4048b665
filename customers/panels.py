"""The panels of this floor on a customer's page."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.clock import now
from customers import profile
from customers.history import history_of
from customers.models import Customer, CustomerMerge
from customers.models.merge import UNDO_PERIOD

PANEL_ROWS = 20


def register() -> None:
    """Put the panels on the page, once at start-up."""
    profile.register_panel("orders", orders, "customers/panels/orders.html", title=_("订单"), position=20)
    profile.register_panel("consents", consents, "customers/panels/consents.html", title=_("联系意愿"), position=80)
    profile.register_panel("history", history, "customers/panels/history.html", title=_("变更历史"), position=90)


def orders(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest orders."""
    rows = customer.orders.select_related("shop").prefetch_related("items").order_by("-ordered_at", "-pk")
    return {"orders": list(rows[:PANEL_ROWS])}


def consents(customer: Customer, user: Any) -> dict[str, Any]:
    """Whether and since when the customer wants no contact."""
    return {}


def history(customer: Customer, user: Any) -> dict[str, Any]:
    """What happened to the record, and the merges that can still be undone."""
    merges = CustomerMerge.objects.filter(target=customer, undone_at=None, merged_at__gt=now() - UNDO_PERIOD)
    may_undo = user.has_perm("customers.merge_customer")
    return {"lines": history_of(customer), "merges": list(merges.select_related("source")) if may_undo else []}
