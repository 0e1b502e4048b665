"""The panels of this floor on a customer's page."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from core.clock import now
from core.language import mask_text
from customers import profile
from customers.choices import CareKind
from customers.forms import ConsentForm
from customers.history import history_of
from customers.measuring import PAID
from customers.models import Customer, CustomerMerge, CustomerValue, Shipment, ShipmentException
from customers.models.merge import UNDO_PERIOD
from customers.services.care import care_notes_of
from customers.services.consents import consents_of

PANEL_ROWS = 20


def register() -> None:
    """Put the panels on the page, once at start-up."""
    profile.register_panel("orders", orders, "customers/panels/orders.html", title=_("订单"), position=20)
    profile.register_panel("shipments", shipments, "customers/panels/shipments.html", title=_("物流"), position=22)
    profile.register_panel("value", value, "customers/panels/value.html", title=_("价值与流失风险"), position=15)
    profile.register_panel(
        "consents", consents, "customers/panels/consents.html", title=_("同意与联系意愿"), position=80
    )
    profile.register_panel("care", care, "customers/panels/care.html", title=_("偏好与忌讳"), position=10)
    profile.register_panel("history", history, "customers/panels/history.html", title=_("变更历史"), position=90)


def orders(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest orders."""
    rows = customer.orders.select_related("shop").prefetch_related("items").order_by("-ordered_at", "-pk")
    return {"orders": list(rows[:PANEL_ROWS])}


def shipments(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest parcels with where they are, and what is wrong with them."""
    if not user.has_perm("customers.view_shipment"):
        return {"shipments": None}
    troubles = Prefetch("exceptions", ShipmentException.objects.open(), to_attr="troubles")
    rows = Shipment.objects.filter(order__customer=customer).select_related("carrier", "order")
    return {"shipments": list(rows.prefetch_related(troubles).order_by("-id")[:PANEL_ROWS])}


def value(customer: Customer, user: Any) -> dict[str, Any]:
    """What the customer is worth and how likely they stay away, with the numbers behind it."""
    standing = CustomerValue.objects.filter(customer=customer).select_related("base").first()
    is_waiting = standing is None and customer.orders.filter(status__in=PAID).exists()
    return {"standing": standing, "is_waiting": is_waiting}


def care(customer: Customer, user: Any) -> dict[str, Any]:
    """What the customer likes and what not to say, with who and when."""
    notes = care_notes_of(customer)
    if user.is_auditor:
        for note in notes:
            note.text = mask_text(note.text)
    return {"care_notes": notes, "care_kinds": CareKind.choices}


def consents(customer: Customer, user: Any, form: ConsentForm | None = None) -> dict[str, Any]:
    """What the customer agreed to and refused, and the whole ledger."""
    if not user.has_perm("customers.view_consentrecord"):
        return {"consents": None}
    return {"consents": consents_of(customer), "consent_form": form or ConsentForm()}


def history(customer: Customer, user: Any) -> dict[str, Any]:
    """What happened to the record, and the merges that can still be undone."""
    merges = CustomerMerge.objects.filter(target=customer, undone_at=None, merged_at__gt=now() - UNDO_PERIOD)
    may_undo = user.has_perm("customers.merge_customer")
    return {"lines": history_of(customer), "merges": list(merges.select_related("source")) if may_undo else []}
