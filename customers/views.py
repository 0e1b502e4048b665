"""Pages: the customers, and one customer's whole story. Views hold no rule; the services do."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict, DomainError
from core.exports import Column, export_response
from core.keyset import BadCursor, read_page
from core.privacy.masks import mask_address, mask_email, mask_name, mask_phone
from core.text import row_id
from core.wording import explained, listed, parts
from customers import profile, services
from customers.forms import CustomerForm, CustomerTagForm, RevealForm
from customers.models import Customer, CustomerMerge, CustomerTag, Tag
from customers.services.merges import SOURCE, TARGET

PAGE_SIZE = 50
CHIPS = 12


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _customer(request: HttpRequest, pk: int, permission: str) -> Customer:
    """The customer among those the person may see (else 404), if they may do this (else 403)."""
    customer: Customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    _require(request, permission)
    return customer


def _filtered(request: HttpRequest) -> QuerySet[Any]:
    """The customers the list's address asks for."""
    rows = Customer.objects.visible_to(request.user)
    if search := request.GET.get("search", "").strip()[:100]:
        rows = rows.search(search)
    if tag := request.GET.get("tag", ""):
        rows = rows.tagged(tag)
    if request.GET.get("important") == "true":
        rows = rows.important()
    return rows


@login_required
@require_GET
def customer_list(request: HttpRequest) -> HttpResponse:
    """Everybody the person may see, newest first, found by any sign."""
    _require(request, "customers.view_customer")
    try:
        page = read_page(
            _filtered(request).for_list(),  # type: ignore[attr-defined]
            ordering=("-id",),
            cursor=request.GET.get("cursor"),
            size=PAGE_SIZE,
        )
    except BadCursor as error:
        raise Http404 from error
    context = {
        "page": page,
        "search": request.GET.get("search", ""),
        "chosen_tag": request.GET.get("tag", ""),
        "important": request.GET.get("important") == "true",
        "tags": Tag.objects.filter(is_active=True).order_by("kind", "name")[:CHIPS],
        "is_filtered": any(request.GET.get(name) for name in ("search", "tag", "important")),
    }
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "customers/parts/rows.html" if is_fragment else "customers/list.html", context)


EXPORT_COLUMNS = [
    Column(lazy("编号"), "pk"),
    Column(lazy("姓名"), "name", mask_name),
    Column(lazy("手机号"), "phone", mask_phone),
    Column(lazy("邮箱"), "email", mask_email),
    Column(lazy("地址"), "address", mask_address),
    Column(lazy("会员等级"), "level"),
    Column(lazy("重点客户"), lambda row: row.is_important_now()),
    Column(pgettext_lazy("many", "标签"), lambda row: listed(spell.tag.name for spell in row.customer_tags.all())),
    Column(lazy("渠道"), lambda row: listed(identity.platform for identity in row.identities.all())),
    Column(lazy("建档时间"), "created_at"),
]


@login_required
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The list with the present filters as a file."""
    try:
        return export_response(
            request,
            rows=_filtered(request).for_list().order_by("-id").iterator(chunk_size=1000),  # type: ignore[attr-defined]
            columns=EXPORT_COLUMNS,
            permission="customers.export_customer",
            kind="customer",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("customers:list")


@login_required
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One page with the whole story."""
    _require(request, "customers.view_customer")
    customer: Customer = get_object_or_404(Customer.objects.reachable_by(request.user), pk=pk)
    if customer.merged_into_id is not None:
        messages.info(request, _("该客户已合并，已转到合并后的客户。"))
        return redirect("customers:detail", pk=customer.merged_into_id)
    shown = [
        (
            panel,
            render_to_string(panel.template, {**panel.load(customer, request.user), "customer": customer}, request),
        )
        for panel in profile.panels()
    ]
    is_masked = getattr(request.user, "is_auditor", False) and customer.name
    context = {
        "customer": customer,
        "shown_name": mask_name(customer.name) if is_masked else str(customer),
        "panels": shown,
        "identities": customer.identities.all(),
        **_tags_context(customer),
    }
    return render(request, "customers/detail.html", context)


def _tags_context(customer: Customer, form: CustomerTagForm | None = None) -> dict[str, Any]:
    spells = CustomerTag.objects.active().filter(customer=customer).select_related("tag__group")
    return {"customer": customer, "spells": spells, "tag_form": form or CustomerTagForm()}


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new customer by hand."""
    _require(request, "customers.add_customer")
    form = CustomerForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            customer = services.create_customer(
                actor=request.user,
                changes=form.changes(),
                allow_duplicate=bool(form.cleaned_data["allow_duplicate"]),
            )
        except DomainError as error:
            form.add_domain_error(error)
            context |= _conflict_context(error)
        else:
            messages.success(request, _("已新建客户。"))
            return redirect("customers:detail", pk=customer.pk)
    return render(request, "customers/form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a customer; what was typed stays when something is wrong."""
    customer = _customer(request, pk, "customers.change_customer")
    form = CustomerForm(request.POST or None, customer=customer, initial=CustomerForm.initial_of(customer))
    context: dict[str, Any] = {"form": form, "customer": customer}
    if request.method == "POST" and form.is_valid():
        try:
            services.update_customer(
                customer=customer,
                actor=request.user,
                changes=form.changes(),
                revision=form.cleaned_data["revision"],
                allow_duplicate=bool(form.cleaned_data["allow_duplicate"]),
            )
        except DomainError as error:
            form.add_domain_error(error)
            context |= _conflict_context(error)
            if error.code == "edit_conflict":
                data = request.POST.copy()
                data["revision"] = str(error.extra["revision"])
                form.data = data
        else:
            messages.success(request, _("已保存。"))
            return redirect("customers:detail", pk=customer.pk)
    return render(request, "customers/form.html", context, status=422 if form.errors else 200)


def _conflict_context(error: DomainError) -> dict[str, Any]:
    """What the form offers when the record is somebody's already, or was changed meanwhile."""
    if error.code == "duplicate_customer":
        return {"duplicate": True, "existing": Customer.objects.filter(pk=error.extra["existing"]).first()}
    if error.code == "edit_conflict":
        current, yours = error.extra["current"], error.extra["yours"]
        labels = {field.name: field.verbose_name for field in Customer._meta.concrete_fields}
        return {"differences": [(labels.get(name, name), current[name], yours[name]) for name in yours]}
    return {}


@login_required
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """A personal field in full, after giving a reason. Fragment."""
    customer = _customer(request, pk, "customers.reveal_customer")
    field = request.POST.get("field") or request.GET.get("field", "")
    form = RevealForm(request.POST or None, initial={"field": field})
    context: dict[str, Any] = {"customer": customer, "form": form, "field": field}
    if request.method == "POST" and form.is_valid():
        try:
            context["value"] = services.reveal_customer(
                customer=customer, field=field, reason=form.cleaned_data["reason"], actor=request.user
            )
        except DomainError as error:
            form.add_domain_error(error)
    response = render(request, "customers/parts/reveal.html", context)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that phone or e-mail is the customer's own."""
    customer = _customer(request, pk, "customers.change_customer")
    act = services.verify_email if request.POST.get("field") == "email" else services.verify_phone
    try:
        act(customer=customer, actor=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("customers:detail", pk=customer.pk)


@login_required
@require_POST
def add_tag(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a label. Fragment."""
    customer = _customer(request, pk, "customers.tag_customer")
    form = CustomerTagForm(request.POST)
    if form.is_valid():
        try:
            services.add_tag(customer=customer, actor=request.user, **form.cleaned_data)
            form = CustomerTagForm()
        except DomainError as error:
            form.add_domain_error(error)
    return render(request, "customers/parts/tags.html", _tags_context(customer, form))


@login_required
@require_POST
def remove_tag(request: HttpRequest, pk: int, tag_id: int) -> HttpResponse:
    """Take a label away. Fragment."""
    customer = _customer(request, pk, "customers.tag_customer")
    tag = get_object_or_404(Tag, pk=tag_id)
    form = CustomerTagForm()
    try:
        services.remove_tag(customer=customer, tag=tag, actor=request.user)
    except DomainError as error:
        form = CustomerTagForm(data={})
        form.errors.clear()
        form.add_error(None, error.message)
    return render(request, "customers/parts/tags.html", _tags_context(customer, form))


@login_required
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other record, see field by field what stays, merge."""
    source = _customer(request, pk, "customers.merge_customer")
    context: dict[str, Any] = {"source": source, "search": request.GET.get("search", "")}
    into = request.POST.get("into") or request.GET.get("into", "")
    if not into:
        if context["search"].strip():
            others = Customer.objects.visible_to(request.user).exclude(pk=source.pk)
            context["candidates"] = others.search(context["search"])[:10]
        return render(request, "customers/merge.html", context)
    target: Customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=row_id(into))
    context["target"] = target
    try:
        if request.method == "POST":
            record = services.merge_customers(
                source=source, target=target, actor=request.user, choices=_choices(request)
            )
            messages.success(request, _("已合并，30 天内可在“变更历史”中撤销。"))
            return redirect("customers:detail", pk=record.target_id)
        lines = services.preview_merge(source=source, target=target)
        context["lines"] = [(line, _readable(line.source), _readable(line.target)) for line in lines]
    except DomainError as error:
        context["refusal"] = error.message
    return render(request, "customers/merge.html", context, status=409 if "refusal" in context else 200)


def _readable(value: Any) -> str:
    """A value of the preview for people."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dict):
        return parts(explained(name, inner) for name, inner in value.items())
    moment = value if isinstance(value, datetime) else None
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else str(value or "")


def _choices(request: HttpRequest) -> dict[str, str]:
    """Which record's value stays, per field that was offered."""
    prefix = "keep-"
    return {
        name.removeprefix(prefix): value
        for name, value in request.POST.items()
        if name.startswith(prefix) and value in (SOURCE, TARGET)
    }


@login_required
@require_POST
def undo_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    _require(request, "customers.merge_customer")
    visible = Customer.objects.visible_to(request.user)
    record = get_object_or_404(CustomerMerge.objects.filter(target__in=visible.values("pk")), pk=pk)
    try:
        services.unmerge_customers(merge=record, actor=request.user)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("customers:detail", pk=record.target_id)
    messages.success(request, _("已撤销合并。"))
    return redirect("customers:detail", pk=record.source_id)
