"""服务中断：who is concerned, updates, alternatives and the plan."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.exports import export_response
from core.text import row_id
from crm.staff.person import person_of
from crm.workbench.logistics.common import page_of
from crm.workbench.logistics.recalls import PLACES
from customers.choices import OrderStatus
from customers.disruptions import running
from customers.forms import MOMENT_FORMAT, DressedForm
from customers.models import Carrier, Disruption, DisruptionOrder, Shop
from customers.recall_choices import DisruptionStatus, PlanKind
from tickets.services import plan_payouts

STATUS_TONES: dict[str, str] = {DisruptionStatus.RUNNING: "warn", DisruptionStatus.CLOSED: "good"}


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, input_formats=[MOMENT_FORMAT], widget=widget)


class DisruptionForm(DressedForm):
    title = forms.CharField(label=lazy("标题"), max_length=100, help_text=lazy("客户收到的通知以此为题。"))
    reason = forms.CharField(
        label=lazy("发生了什么"), max_length=running.MAX_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )
    shop = forms.ModelChoiceField(
        label=lazy("店铺"), queryset=Shop.objects.filter(is_active=True), required=False, empty_label=lazy("全部")
    )
    sku = forms.CharField(label=lazy("商品编码"), max_length=100, required=False)
    carrier = forms.ModelChoiceField(
        label=lazy("快递公司"),
        queryset=Carrier.objects.filter(is_active=True),
        required=False,
        empty_label=lazy("全部"),
    )
    statuses = forms.MultipleChoiceField(
        label=lazy("订单状态"),
        choices=OrderStatus.choices,
        initial=list(running.USUAL_STATUSES),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    ordered_from = _moment(lazy("下单时间起"))
    ordered_to = _moment(lazy("下单时间止"))
    plan = forms.ChoiceField(label=lazy("补偿方案"), choices=PlanKind.choices, initial=PlanKind.NONE)
    amount = forms.DecimalField(
        label=lazy("每单金额（元）"), max_digits=10, decimal_places=2, min_value=0, required=False
    )
    share = forms.DecimalField(
        label=lazy("实付比例"),
        max_digits=5,
        decimal_places=4,
        min_value=0,
        max_value=1,
        required=False,
        help_text=lazy("0 到 1，例如 0.1 为一成。"),
    )
    cap = forms.DecimalField(label=lazy("每单上限（元）"), max_digits=10, decimal_places=2, min_value=0, required=False)
    alternatives = forms.CharField(
        label=lazy("可选方案"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("每行一个，例如“改发其他仓”。"),
    )
    is_drill = forms.BooleanField(label=lazy("演练：只做记录，不通知客户"), required=False)

    def clean_alternatives(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["alternatives"].splitlines() if line.strip()]


class UpdateForm(DressedForm):
    text = forms.CharField(label=lazy("进展"), max_length=running.MAX_UPDATE, widget=forms.Textarea(attrs={"rows": 3}))
    tells_customers = forms.BooleanField(label=lazy("通知受影响的客户"), required=False, initial=True)


@login_required
@permission_required("customers.view_disruption", raise_exception=True)
@require_GET
def disruption_list(request: HttpRequest) -> HttpResponse:
    """Disruptions, newest first."""
    page = page_of(
        Disruption.objects.visible_to(request.user).select_related("owner", "shop"), ("-id",), request.GET.get("cursor")
    )
    for row in page.rows:
        row.tone = STATUS_TONES.get(row.status, "")
    return render(request, "workbench/disruptions/list.html", {"page": page, "places": PLACES})


@login_required
@permission_required("customers.add_disruption", raise_exception=True)
@require_http_methods(["GET", "POST"])
def disruption_new(request: HttpRequest) -> HttpResponse:
    """A draft: whom it concerns and what they get."""
    form = DisruptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = running.create_disruption(actor=person_of(request), values=form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("disruption_page", pk=row.pk)
    return render(request, "workbench/disruptions/new.html", {"form": form}, status=422 if form.errors else 200)


def _disruption(request: HttpRequest, pk: int) -> Any:
    rows = Disruption.objects.visible_to(request.user).select_related("owner", "shop", "carrier")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    row.tone = STATUS_TONES.get(row.status, "")
    return row


@login_required
@permission_required("customers.view_disruption", raise_exception=True)
@require_GET
def disruption_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened, what was said, what was given, and the orders one by one."""
    return _shown(request, _disruption(request, pk), UpdateForm())


def _shown(request: HttpRequest, row: Disruption, form: UpdateForm) -> HttpResponse:
    user = person_of(request)
    orders = DisruptionOrder.objects.visible_to(user).filter(disruption=row).select_related("order__customer")
    context = {
        "row": row,
        "figures": running.figures_of(row),
        "money": plan_payouts.figures_of(row),
        "waiting": running.concerned_of(row).count() if row.status == DisruptionStatus.DRAFT else 0,
        "updates": list(row.updates.select_related("author")[:20]),
        "statuses": [OrderStatus(one).label for one in row.statuses],
        "form": form,
        "page": page_of(orders, ("id",), request.GET.get("cursor")),
        "can_start": user.has_perm("customers.start_disruption"),
        "can_handle": user.has_perm("customers.handle_disruption"),
    }
    return render(request, "workbench/disruptions/page.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("customers.view_disruption", raise_exception=True)
@require_POST
def disruption_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """start · update · plan · choose · close: the services decide who may."""
    row = _disruption(request, pk)
    writes = row.status == DisruptionStatus.RUNNING and request.user.has_perm("customers.start_disruption")
    form = UpdateForm(request.POST) if verb == "update" and writes else None
    if form is not None and not form.is_valid():
        return _shown(request, row, form)
    try:
        messages.success(request, _act(request, row, verb))
    except DomainError as error:
        if form is not None:
            form.add_domain_error(error)
            return _shown(request, row, form)
        messages.error(request, error.message)
    return redirect("disruption_page", pk=pk)


def _act(request: HttpRequest, row: Disruption, verb: str) -> str:
    user = person_of(request)
    match verb:
        case "start":
            running.start_disruption(disruption=row, actor=user)
            return _("已启动，受影响的订单已固定。")
        case "update":
            tells = "tells_customers" in request.POST
            running.publish_update(disruption=row, actor=user, text=request.POST.get("text", ""), tells_customers=tells)
            return _("进展已发布。")
        case "plan":
            total = running.apply_plan(disruption=row, actor=user)
            return _("补偿方案已执行，合计 ¥%(total)s。") % {"total": total}
        case "choose":
            given = row_id(request.POST.get("order", ""))
            order = DisruptionOrder.objects.visible_to(user).filter(disruption=row, pk=given).first()
            if order is None:
                raise Http404
            running.choose_alternative(disruption_order=order, actor=user, choice=request.POST.get("choice", ""))
            return _("客户选择已登记。")
        case "close":
            running.close_disruption(disruption=row, actor=user)
            return _("服务中断已结束。")
    raise Http404


@login_required
@permission_required("customers.view_disruption", raise_exception=True)
@require_GET
def disruption_report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The orders with what they were given as a file."""
    row = _disruption(request, pk)
    try:
        return export_response(
            request,
            rows=running.rows_for_report(row, person_of(request)).iterator(chunk_size=1000),
            columns=running.COLUMNS,
            permission="customers.handle_disruption",
            kind="disruption",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("disruption_page", pk=pk)
