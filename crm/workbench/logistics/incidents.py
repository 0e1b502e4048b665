"""安全事故：list, the intake form, what it began, and the recall it proposes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from core import clock
from core.errors import DomainError, InvalidInput
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.aftersales.forms import ManyFiles, PhotosField
from crm.workbench.legal.forms import moment_field, words_field
from crm.workbench.logistics.common import page_of
from crm.workbench.logistics.recalls import PLACES, RecallForm
from customers.forms import DressedForm
from customers.recall_choices import OurRole
from customers.recalls.scope import Scope, scope_of
from tickets.models import Evidence, SafetyIncident, Ticket
from tickets.safety_choices import HARM_TONES, HarmKind
from tickets.services import attachments, intake
from tickets.services.safety import incidents, recalling


class OptionalPhotos(PhotosField):
    """Several pictures, or none yet."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return super().clean(data, initial) if data else []


class IncidentForm(DressedForm):
    ticket = forms.CharField(
        label=lazy("工单号"),
        max_length=20,
        required=False,
        help_text=lazy("没有工单时留空，填写客户，系统先建投诉工单。"),
    )
    customer_name = forms.CharField(label=lazy("客户姓名"), max_length=100, required=False)
    customer_phone = forms.CharField(label=lazy("客户电话"), max_length=30, required=False)
    order_no = forms.CharField(label=lazy("订单号"), max_length=incidents.LINE_LENGTH, required=False)
    sku = forms.CharField(label=lazy("商品编码"), max_length=incidents.LINE_LENGTH)
    product_name = forms.CharField(label=lazy("商品名称"), max_length=incidents.NAME_LENGTH, required=False)
    batch = forms.CharField(
        label=lazy("批次"),
        max_length=incidents.LINE_LENGTH,
        required=False,
        help_text=lazy("见商品或包装；不清楚留空。"),
    )
    harm = forms.ChoiceField(
        label=lazy("人身伤害"),
        choices=HarmKind.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择人身伤害。")},
    )
    injured_count = forms.IntegerField(
        label=lazy("受伤人数"), min_value=0, max_value=incidents.MOST_INJURED, required=False, initial=0
    )
    is_large_loss = forms.BooleanField(label=lazy("重大财产损失"), required=False)
    injury = words_field(lazy("伤情与损失"), incidents.TEXT_LENGTH, required=False)
    circumstances = words_field(pgettext_lazy("incident", "经过"), incidents.TEXT_LENGTH)
    storage = words_field(
        lazy("储存与使用情况"), incidents.TEXT_LENGTH, help_text=lazy("温度、环境、用法、配件；不清楚请写“不清楚”。")
    )
    occurred_at = moment_field(lazy("发生时间"))
    our_role = forms.ChoiceField(label=lazy("我方角色"), choices=[("", lazy("请选择")), *OurRole.choices])
    photos = OptionalPhotos(
        label=lazy("照片"),
        required=False,
        widget=ManyFiles(attrs={"accept": "image/*", "multiple": True}),
        help_text=lazy("最多九张，登记后固定为证据。"),
    )


@login_required
@permission_required("tickets.view_safetyincident", raise_exception=True)
@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    """Incidents of the tickets one sees, newest first."""
    rows = SafetyIncident.objects.visible_to(person_of(request)).for_list()
    page = page_of(rows, ("-id",), request.GET.get("cursor"))
    for row in page.rows:
        row.tone = HARM_TONES.get(row.harm, "")
    return render(request, "workbench/incidents/list.html", {"page": page, "places": PLACES})


@login_required
@permission_required("tickets.add_safetyincident", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def incident_new(request: HttpRequest) -> HttpResponse:
    """The intake form, filled in as far as the ticket it was opened from tells."""
    user = person_of(request)
    if request.method != "POST":
        form = IncidentForm(initial=_known(request, user))
        return render(request, "workbench/incidents/new.html", {"form": form})
    form = IncidentForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            made = _report(form, user)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("已登记：升级、定级、计时、取证和通知都已完成。"))
            return redirect("incident_page", pk=made.pk)
    return render(request, "workbench/incidents/new.html", {"form": form}, status=422)


def _known(request: HttpRequest, user: User) -> dict[str, Any]:
    moment = timezone.localtime(clock.now()).replace(second=0, microsecond=0)
    found: Ticket | None = Ticket.objects.visible_to(user).named(request.GET.get("ticket", "")).first()
    if found is None:
        return {"occurred_at": moment}
    values = {"ticket": found.number, "sku": found.product, "batch": found.batch, "order_no": found.order_no}
    return {**values, "occurred_at": moment}


def _report(form: IncidentForm, user: User) -> SafetyIncident:
    data = dict(form.cleaned_data)
    number, order_no = data.pop("ticket").strip(), data.pop("order_no")
    customer = intake.CustomerGiven(name=data.pop("customer_name"), phone=data.pop("customer_phone"))
    # A number only: half a number must never raise an incident on the ticket that happens to have that id.
    ticket: Ticket | None = Ticket.objects.visible_to(user).filter(number=number).first() if number else None
    if number and ticket is None:
        sentence = _("没有这张工单。")
        raise InvalidInput(sentence, fields={"ticket": [sentence]})
    uploads, data["injured_count"] = data.pop("photos"), data["injured_count"] or 0
    # What is wrong with the words is said before any file is stored.
    incidents.check(incidents.Report(**data))
    data["photos"] = [_stored(upload, user) for upload in uploads]
    report = incidents.Report(**data)
    if ticket is not None:
        return incidents.report_incident(ticket=ticket, actor=user, report=report)
    return incidents.report_new(actor=user, report=report, customer=customer, order_no=order_no)


def _stored(upload: Any, user: User) -> Any:
    try:
        return attachments.store_attachment(upload=upload, actor=user)
    except InvalidInput as error:
        raise InvalidInput(error.message, fields={"photos": [error.message]}) from error


def _incident(request: HttpRequest, pk: int) -> Any:
    rows = SafetyIncident.objects.visible_to(person_of(request)).for_list()
    row = rows.select_related("photos", "escalation__taken_by").filter(pk=pk).first()
    if row is None:
        raise Http404
    row.tone = HARM_TONES.get(row.harm, "")
    return row


@login_required
@permission_required("tickets.view_safetyincident", raise_exception=True)
@require_GET
def incident_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened, and what the report began."""
    row, user = _incident(request, pk), person_of(request)
    for name in ("injury", "circumstances", "storage"):
        text = getattr(row, name) or ""
        setattr(row, f"shown_{name}", mask_text(text) if user.is_auditor else text)
    context = {
        "row": row,
        "level": incidents.level_of(row),
        "clocks": incidents.clocks_of(row),
        "photos": list(row.photos.attachments.all()) if row.photos else [],
        "evidence": Evidence.objects.filter(ticket=row.ticket_id).count(),
        "scope": None if row.recall_id else _scope(row),
        "can_recall": user.has_perm("customers.add_recall"),
    }
    return render(request, "workbench/incidents/page.html", context)


def _scope(row: SafetyIncident) -> Scope | str:
    """Whom a recall of the batch would concern, or why that cannot be told."""
    try:
        return scope_of(sku=row.sku, batches=[row.batch] if row.batch else [])
    except DomainError as error:
        return error.message


@login_required
@permission_required("customers.add_recall", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def incident_recall(request: HttpRequest, pk: int) -> HttpResponse:
    """The proposed recall in the form of recalls; "看影响范围" writes nothing."""
    row = _incident(request, pk)
    if row.recall_id:
        return redirect("recall_page", pk=row.recall_id)
    wanted = recalling.proposal(row)
    form = RecallForm(request.POST or None, initial={**wanted, "batches": "，".join(wanted["batches"])})
    scope: Scope | None = None
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            scope = scope_of(sku=values["sku"], batches=values["batches"])
            if "save" in request.POST:
                made = recalling.draft_recall(incident=row, actor=person_of(request), values=values)
                return redirect("recall_page", pk=made.pk)
        except DomainError as error:
            form.add_domain_error(error)
    status = 422 if form.errors else 200
    return render(request, "workbench/recalls/new.html", {"form": form, "scope": scope}, status=status)
