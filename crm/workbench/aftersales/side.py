"""The desk's after-sales tab (售后): requests of the ticket, and a new one with what may be offered."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import DomainError, InvalidInput
from core.text import row_id
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.aftersales.forms import details_of
from crm.workbench.diagnosis import run_of
from customers.models import Order, OrderItem
from tickets.aftersales_choices import (
    GREEN_OF,
    STATE_TONES,
    AfterSalesKind,
    AfterSalesReason,
    ExperimentKind,
    GoodsCondition,
    GreenOption,
)
from tickets.aftersales_outcomes import FIELDS
from tickets.eligibility import CATEGORIES, REMEDIES
from tickets.models import AfterSales, Ticket
from tickets.services.aftersales import applying, eligibility, warranties
from tickets.services.diagnosis import attach

ORDERS, ROWS, MOST_REPAIRS = 10, 20, 100


def aftersales_context(ticket: Ticket, user: User, values: Mapping[str, str]) -> dict[str, Any]:
    """What the tab shows: the requests, and the form with what law offers for what is chosen."""
    rows: list[Any] = list(AfterSales.objects.filter(ticket=ticket).for_list().order_by("-id")[:ROWS])
    for row in rows:
        row.tone = STATE_TONES[row.state]
    may_apply = user.has_perm("tickets.add_aftersales") and not ticket.merged_into_id
    return {
        "aftersales_rows": rows,
        "may_apply": may_apply,
        "may_except": user.has_perm(applying.EXCEPTION_RIGHT),
        **(form_context(ticket, values) if may_apply else {}),
    }


def form_context(ticket: Ticket, values: Mapping[str, str]) -> dict[str, Any]:
    """The form as far as it is filled in."""
    rows = Order.objects.filter(customer=ticket.customer_id).select_related("shop").prefetch_related("items")
    orders = list(rows.order_by("-ordered_at", "-pk")[:ORDERS])
    order = _chosen_order(orders, ticket, values)
    items = list(order.items.all()) if order else []
    item = next((one for one in items if str(one.pk) == values.get("order_item")), items[0] if items else None)
    judged, missing = _judged(order, item, values) if order else ({}, "")
    options = _options(judged)
    offered = [one["kind"] for one in options if one["offered"]]
    kind = values.get("kind", "")
    kind = kind if kind in offered else next(iter(offered), AfterSalesKind.RETURN_REFUND.value)
    return {
        "orders": orders,
        "order": order,
        "items": items,
        "item": item,
        "values": values,
        "reasons": AfterSalesReason.choices,
        "conditions": GoodsCondition.choices,
        "categories": [(one.key, _(one.label)) for one in CATEGORIES.values()],
        "judged": judged,
        "missing": missing,
        "repaired": warranties.repairs_of(item) if judged and item else 0,
        "options": options,
        "kind": kind,
        "greens": [(one, GreenOption(one).label) for one in GREEN_OF.get(kind, ())],
        "experiments": ExperimentKind.choices,
        "outcome_fields": [
            (one, _(one.label), values.get(one.name, "")) for one in FIELDS[kind] if one.phase == "apply"
        ],
    }


def _chosen_order(orders: list[Order], ticket: Ticket, values: Mapping[str, str]) -> Order | None:
    asked = values.get("order", "")
    by_id = next((one for one in orders if str(one.pk) == asked), None)
    named = next((one for one in orders if one.order_no == ticket.order_no), None)
    return by_id or named or next(iter(orders), None)


def _judged(order: Order, item: OrderItem | None, values: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """What law says, and what is missing to say it."""
    first = {"reason": AfterSalesReason.NO_REASON, "kind": AfterSalesKind.REFUND_ONLY}
    wish = _wish({**first, **dict(values.items())})
    if wish.reason not in AfterSalesReason.values:
        return {}, ""
    try:
        found = applying.judgement(order=order, item=item, wish=wish, requested_at=clock.now())
    except InvalidInput as error:
        return {}, error.message
    return (eligibility.shown(eligibility.kept(found)) if found else {}), ""


def _wish(values: Mapping[str, str]) -> applying.Wish:
    """The form, as far as it is filled in."""
    kind, condition = values.get("kind", ""), values.get("condition", "")
    return applying.Wish(
        kind=kind,
        reason=values.get("reason", ""),
        quantity=_number(values.get("quantity", "").strip() or "1"),
        category=values.get("category", "")[:50],
        condition=condition if condition in GoodsCondition.values else GoodsCondition.UNKNOWN,
        details=details_of(dict(values.items()), kind) if kind in FIELDS else {},
        note=values.get("note", "").strip()[:2000],
        exclusion_confirmed=True if values.get("exclusion_confirmed") else None,
        has_evidence=bool(values.get("has_evidence")),
        health_harm=bool(values.get("health_harm")),
        repairs=min(_number(values.get("repairs", "").strip()), MOST_REPAIRS),
        green=values.get("green", "")[:12],
        experiment=values.get("experiment", "")[:16],
    )


def _options(judged: dict[str, Any]) -> list[dict[str, Any]]:
    if not judged:
        return [{"kind": kind, "label": _(label), "offered": True, "reason": ""} for kind, label in REMEDIES.items()]
    return [*judged["options"], *judged["hidden"]]


@login_required
@require_http_methods(["GET", "POST"])
def aftersales_side(request: HttpRequest, number: str) -> HttpResponse:
    """The tab; a POST applies. A fault keeps what was typed."""
    user = person_of(request)
    ticket = Ticket.objects.visible_to(user).for_list().filter(number=number).first()
    if ticket is None:
        raise Http404(_("没有这张工单，或您无权查看。"))
    if not user.has_perm("tickets.view_aftersales"):
        raise PermissionDenied
    fault, told, values = "", "", request.GET
    if request.method == "POST":
        if not user.has_perm("tickets.add_aftersales"):
            raise PermissionDenied
        try:
            made = _apply(ticket, user, request.POST)
            told = _("已登记售后单 #%(id)d。") % {"id": made.pk}
            run = run_of(ticket, request.POST.get("diagnosis", ""))
            if run is not None:
                attach(run=run, aftersales=made, actor=user)
        except DomainError as error:
            fault, values = error.message, request.POST
    side = {"tab": "aftersales", **aftersales_context(ticket, user, values), "fault": fault, "told": told}
    response = render(request, "workbench/aftersales/side.html", {"side": side, "ticket": ticket})
    if told:
        response["HX-Trigger"] = "kean:changed"
    return response


def _apply(ticket: Ticket, user: User, values: Mapping[str, str]) -> AfterSales:
    asked = values.get("order", "")
    order = Order.objects.filter(customer=ticket.customer_id, pk=_number(asked)).first()
    if order is None:
        raise InvalidInput(_("请选择订单。"))
    wish = _wish(values)
    if wish.kind not in AfterSalesKind.values or wish.reason not in AfterSalesReason.values:
        raise InvalidInput(_("请选择原因和方案。"))
    item = OrderItem.objects.filter(order=order, pk=_number(values.get("order_item", ""))).first()
    return applying.apply(
        ticket=ticket,
        actor=user,
        order=order,
        order_item=item,
        wish=wish,
        exception=values.get("exception", ""),
    )


def _number(text: str) -> int:
    return row_id(text) or 0
