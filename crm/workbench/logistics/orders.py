"""订单：what was bought, found by its number."""

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm.staff.person import person_of
from crm.workbench.chips import chip
from crm.workbench.logistics.common import PARCELS, page_of
from customers.api.files import EXPORT_RIGHT
from customers.choices import OrderStatus
from customers.models import Order, Shop

STATUS_TONES: dict[str, str] = {
    OrderStatus.CREATED: "warn",
    OrderStatus.SIGNED: "good",
    OrderStatus.COMPLETED: "good",
    OrderStatus.REFUNDED: "warn",
}


@login_required
@permission_required("customers.view_order", raise_exception=True)
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    """Orders, newest first."""
    user = person_of(request)
    search = request.GET.get("search", "").replace("\x00", "").strip()[:100]
    shops = Shop.objects.order_by("name").values_list("key", "name")
    chips = [
        chip(request.GET, "status", [("", _("全部状态")), *OrderStatus.choices], before=_("显示")),
        chip(request.GET, "shop", [("", _("全部店铺")), *shops], before=_("，来自")),
    ]
    rows: Any = Order.objects.visible_to(user).select_related("customer", "shop")
    if search:
        rows = rows.filter(order_no=search)
    if chips[0].is_set:
        rows = rows.filter(status=chips[0].value)
    if chips[1].is_set:
        rows = rows.filter(shop__key=chips[1].value)
    page = page_of(rows, ("-id",), request.GET.get("cursor"))
    for row in page.rows:
        row.tone = STATUS_TONES.get(row.status, "")
    context = {
        "page": page,
        "search": search,
        "chips": chips,
        "places": PARCELS,
        "is_filtered": bool(search) or any(item.is_set for item in chips),
        "can_add": user.has_perm("customers.add_order"),
        "can_export": user.has_perm(EXPORT_RIGHT),
    }
    return render(request, "workbench/logistics/orders.html", context)
