"""物流：parcels, what is wrong with them, and files of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.chips import Chip, chip, values_of
from crm.workbench.logistics.common import PARCELS, Tab, back, is_dialog, page_of
from customers.forms import DressedForm
from customers.models import Carrier, Shipment, ShipmentException
from customers.outreach_choices import OutreachStatus
from customers.shipment_choices import BY_ITSELF, ExceptionKind, ExceptionStatus, NodeKind, Remedy, Resolution
from customers.shipments.exceptions import MAX_NOTE, resolve_exception, take_exception
from customers.shipments.tracking import normalise

TONES: dict[str, str] = {
    OutreachStatus.SENT: "good",
    OutreachStatus.REACHED: "good",
    OutreachStatus.WAITING: "info",
    OutreachStatus.BY_HAND: "warn",
    OutreachStatus.FAILED: "bad",
}
KIND_TONES: dict[str, str] = {ExceptionKind.LOST: "bad", ExceptionKind.DAMAGED: "bad"}
STAGE_TONES: dict[str, str] = {
    NodeKind.DELIVERED: "good",
    NodeKind.DELIVERY_FAILED: "warn",
    NodeKind.RETURNING: "warn",
    NodeKind.RETURNED: "warn",
    NodeKind.LOST: "bad",
    NodeKind.DAMAGED: "bad",
}
TABS = {
    tab.key: tab
    for tab in (
        Tab(
            "open",
            lazy("待处理"),
            lazy("没有物流异常。包裹太久没有进展，或快递报告问题时，会自动出现在这里。"),
            ("due_at", "id"),
        ),
        Tab("mine", lazy("我负责的"), lazy("点“处理”里的“由我负责”，就会出现在这里。"), ("due_at", "id")),
        Tab("resolved", lazy("已解决"), lazy("解决了的异常会留在这里。"), ("-resolved_at", "-id")),
    )
}


class ResolveForm(DressedForm):
    resolution = forms.ChoiceField(
        label=lazy("处理结果"),
        choices=[(one.value, one.label) for one in Resolution if one not in BY_ITSELF],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择处理结果。")},
    )
    note = forms.CharField(
        label=lazy("备注"), max_length=MAX_NOTE, required=False, help_text=lazy("例如补发的运单号；请勿写个人信息。")
    )


def _exceptions(user: User, tab: str, values: dict[str, str]) -> Any:
    rows: Any = ShipmentException.objects.visible_to(user)
    rows = rows.filter(status=ExceptionStatus.RESOLVED) if tab == "resolved" else rows.open()
    if tab == "mine":
        rows = rows.filter(assignee=user)
    if values["kind"]:
        rows = rows.filter(kind=values["kind"])
    if values["carrier"]:
        rows = rows.filter(shipment__carrier__key=values["carrier"])
    return rows.for_list()


def _chips(request: HttpRequest) -> list[Chip]:
    carriers = Carrier.objects.filter(is_active=True).order_by("name").values_list("key", "name")
    return [
        chip(request.GET, "kind", [("", _("全部异常")), *ExceptionKind.choices], before=_("显示")),
        chip(request.GET, "carrier", [("", _("全部快递公司")), *carriers], before=_("，来自")),
    ]


@login_required
@permission_required("customers.view_shipmentexception", raise_exception=True)
@require_GET
def exception_list(request: HttpRequest) -> HttpResponse:
    """What is wrong with parcels, the most urgent first."""
    user = person_of(request)
    tab = TABS.get(request.GET.get("tab", ""), TABS["open"])
    chips = _chips(request)
    page = page_of(_exceptions(user, tab.key, values_of(chips)), tab.ordering, request.GET.get("cursor"))
    for row in page.rows:
        _dress(row)
    context = {
        "page": page,
        "tab": tab,
        "tabs": list(TABS.values()),
        "places": PARCELS,
        "chips": chips,
        "is_filtered": any(item.is_set for item in chips),
        "can_handle": user.has_perm("customers.handle_shipmentexception"),
    }
    return render(request, "workbench/logistics/exceptions.html", context)


def _dress(row: Any) -> None:
    row.tone = KIND_TONES.get(row.kind, "warn")
    row.notice_tone = TONES.get(row.outreach.status, "") if row.outreach else ""
    row.offer_labels = [str(Remedy(one).label) for one in row.offers if one in Remedy.values]


def _exception(request: HttpRequest, pk: int) -> Any:
    row = ShipmentException.objects.visible_to(request.user).for_list().filter(pk=pk).first()
    if row is None:
        raise Http404
    _dress(row)
    return row


@login_required
@permission_required("customers.view_shipmentexception", raise_exception=True)
@require_http_methods(["GET", "POST"])
def exception_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One exception: its track, what the customer was told, and how it ends. In a dialog for htmx, else a page."""
    row = _exception(request, pk)
    form = ResolveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            resolve_exception(exception=row, actor=person_of(request), **form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("异常已解决，待办已关闭。"))
            return back(request, "exception_list")
    as_dialog = is_dialog(request)
    body = row.outreach.body if row.outreach else ""
    context = {
        "row": row,
        "form": form,
        "nodes": list(row.shipment.nodes.all()[:8]),
        "notice": mask_text(body) if person_of(request).is_auditor else body,
        "can_handle": person_of(request).has_perm("customers.handle_shipmentexception"),
    }
    template = "workbench/logistics/exception_form.html" if as_dialog else "workbench/logistics/exception.html"
    return render(request, template, context, status=422 if form.errors and not as_dialog else 200)


@login_required
@permission_required("customers.handle_shipmentexception", raise_exception=True)
@require_POST
def exception_take(request: HttpRequest, pk: int) -> HttpResponse:
    """由我负责。"""
    row = _exception(request, pk)
    try:
        take_exception(exception=row, actor=person_of(request))
        messages.success(request, _("已由您负责。"))
    except DomainError as error:
        messages.error(request, error.message)
    return back(request, "exception_list")


@login_required
@permission_required("customers.view_shipment", raise_exception=True)
@require_GET
def shipment_list(request: HttpRequest) -> HttpResponse:
    """Parcels, newest first; found by their number or their order's."""
    user = person_of(request)
    search = request.GET.get("search", "").strip()[:60]
    stages = [chip(request.GET, "stage", [("", _("全部阶段")), *NodeKind.choices], before=_("显示"))]
    rows: Any = Shipment.objects.visible_to(user).select_related("order__customer", "carrier")
    if search:
        found = Shipment.objects.filter(tracking_no=normalise(search)).order_by().values("pk")
        of_order = Shipment.objects.filter(order__order_no=search).order_by().values("pk")
        rows = rows.filter(pk__in=found.union(of_order))
    if stages[0].is_set:
        rows = rows.filter(stage=stages[0].value)
    page = page_of(rows, ("-id",), request.GET.get("cursor"))
    for row in page.rows:
        row.tone = STAGE_TONES.get(row.stage, "")
    context = {
        "page": page,
        "search": search,
        "chips": stages,
        "places": PARCELS,
        "is_filtered": bool(search) or stages[0].is_set,
        "can_add": user.has_perm("customers.add_shipment"),
    }
    return render(request, "workbench/logistics/shipments.html", context)
