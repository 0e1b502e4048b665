"""Files of orders and parcels: a page each to bring one in and to take one out (D14)."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.exports import export_response
from crm.staff.models import User
from crm.staff.person import person_of
from customers import order_files
from customers.api.files import EXPORT_RIGHT
from customers.forms import DressedForm
from customers.models import Order, Shipment
from customers.periods import PARAMETERS, within_days
from customers.shipments import files as shipment_files

ERRORS_SHOWN = 100


@dataclass(frozen=True)
class FilePage:
    """One kind of file: its module, its model, and the words around it."""

    kind: str
    module: Any
    model: Any
    heading: str | Promise
    back: str | Promise
    hint: str | Promise
    sample: str
    sample_name: str | Promise
    taken: str | Promise

    @property
    def list_url(self) -> str:
        return f"{self.kind}_list"

    @property
    def export_url(self) -> str:
        return f"{self.kind}_export"


ORDERS = FilePage(
    "order",
    order_files,
    Order,
    lazy("订单文件"),
    lazy("订单"),
    lazy("CSV（UTF-8 或 GB18030）、XLSX 或 JSONL，最多 5000 行、5 MB。一张订单有几件商品就写几行；再次导入即更新。"),
    "customers/orders/orders.csv",
    lazy("客安订单导入模板"),
    lazy("张订单"),
)
SHIPMENTS = FilePage(
    "shipment",
    shipment_files,
    Shipment,
    lazy("物流文件"),
    lazy("包裹"),
    lazy("CSV（UTF-8 或 GB18030）、XLSX 或 JSONL，最多 1000 行、2 MB。同一运单的节点每行一个；重复导入不会重复登记。"),
    "customers/shipments/shipments.csv",
    lazy("客安物流导入模板"),
    lazy("个包裹"),
)


class UploadForm(DressedForm):
    file = forms.FileField(
        label=lazy("文件"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.jsonl"}),
        error_messages={"required": lazy("请选择文件。"), "empty": lazy("文件是空的。")},
    )


@dataclass(frozen=True)
class Described:
    """A column as the page documents it."""

    title: str
    name: str
    is_required: bool
    words: str


def _described(page: FilePage) -> list[Described]:
    columns = page.module.COLUMNS
    return [
        Described(
            columns.shown(path),
            path,
            path in columns.required,
            "、".join(str(label) for _value, label in columns.choices.get(path, ())),
        )
        for path in dict.fromkeys(columns.titles.values())
    ]


def _import(request: HttpRequest, page: FilePage) -> HttpResponse:
    """A file looked at and written; good lines are written, the others named."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    result = None
    if request.method == "POST" and form.is_valid():
        try:
            result = page.module.import_file(upload=form.cleaned_data["file"], actor=person_of(request))
        except DomainError as error:
            form.add_domain_error(error)
    context = {
        "file_page": page,
        "form": form,
        "result": result,
        "errors": result.errors[:ERRORS_SHOWN] if result else [],
        "columns": _described(page),
        "may_export": person_of(request).has_perm(EXPORT_RIGHT),
    }
    return render(request, "workbench/logistics/import.html", context, status=422 if form.errors else 200)


def _export(request: HttpRequest, page: FilePage) -> HttpResponseBase:
    """The rows of some days as a file, personal data masked."""
    user: User = person_of(request)
    given = {name: request.GET.get(name, "") for name in PARAMETERS}
    try:
        rows = within_days(page.model.objects.visible_to(user), page.module.MOMENT, given)
        return export_response(
            request,
            rows=page.module.lines_of(rows),
            columns=page.module.EXPORT_COLUMNS,
            permission=EXPORT_RIGHT,
            kind=page.kind,
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(page.list_url)


@login_required
@permission_required("customers.add_order", raise_exception=True)
@require_http_methods(["GET", "POST"])
def order_import(request: HttpRequest) -> HttpResponse:
    return _import(request, ORDERS)


@login_required
@permission_required("customers.add_shipment", raise_exception=True)
@require_http_methods(["GET", "POST"])
def shipment_import(request: HttpRequest) -> HttpResponse:
    return _import(request, SHIPMENTS)


@login_required
@permission_required(EXPORT_RIGHT, raise_exception=True)
@require_GET
def order_export(request: HttpRequest) -> HttpResponseBase:
    return _export(request, ORDERS)


@login_required
@permission_required(EXPORT_RIGHT, raise_exception=True)
@require_GET
def shipment_export(request: HttpRequest) -> HttpResponseBase:
    return _export(request, SHIPMENTS)
