"""召回：list, scope before anything happens, plan, start, progress, orders and the report."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.errors import DomainError
from core.exports import export_response
from core.text import row_id
from crm.staff.person import person_of
from crm.workbench.logistics.common import Place, page_of
from customers.forms import MOMENT_FORMAT, DressedForm
from customers.models import Recall, RecallOrder
from customers.outreach_choices import OutreachChannel
from customers.recall_choices import AffectedStatus, OurRole, RecallRemedy, RecallStatus
from customers.recalls import progress, running
from customers.recalls.scope import Scope, scope_of

PLACES = (
    Place("recall_list", lazy("召回"), "customers.view_recall"),
    Place("incident_list", lazy("安全事故"), "tickets.view_safetyincident"),
    Place("disruption_list", lazy("服务中断"), "customers.view_disruption"),
)
STATUS_TONES: dict[str, str] = {RecallStatus.RUNNING: "warn", RecallStatus.CLOSED: "good"}
STEP_TONES: dict[str, str] = {
    AffectedStatus.REMEDIED: "good",
    AffectedStatus.RETURNED: "info",
    AffectedStatus.REACHED: "accent",
    AffectedStatus.UNDELIVERED: "bad",
}


class RecallForm(DressedForm):
    title = forms.CharField(label=lazy("商品名称"), max_length=100)
    sku = forms.CharField(label=lazy("商品编码"), max_length=100)
    batches = forms.CharField(label=lazy("批次"), max_length=2000, help_text=lazy("多个批次用逗号或空格分开。"))
    includes_unknown = forms.BooleanField(
        label=lazy("同时通知批次未登记的订单"), required=False, help_text=lazy("只含该批次销售期间内的订单。")
    )
    reason = forms.CharField(
        label=lazy("缺陷与风险"), max_length=running.MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_serious = forms.BooleanField(label=lazy("已致人身伤害或重大损失"), required=False)
    our_role = forms.ChoiceField(
        label=lazy("我方角色"),
        choices=[("", lazy("请选择")), *OurRole.choices],
        help_text=lazy("只列出该角色的法定义务。"),
    )
    remedy = forms.ChoiceField(label=lazy("补救方式"), choices=RecallRemedy.choices)
    instructions = forms.CharField(
        label=lazy("客户怎么做"), max_length=running.MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
    channels = forms.MultipleChoiceField(
        label=lazy("通知方式"),
        choices=[(one.value, one.label) for one in OutreachChannel if one != OutreachChannel.SMS],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        initial=[OutreachChannel.CONVERSATION, OutreachChannel.EMAIL],
        help_text=lazy("每位客户每种方式一次；都联系不到的转人工联系。"),
    )
    discovered_at = forms.DateTimeField(
        label=lazy("发现时间"),
        input_formats=[MOMENT_FORMAT],
        widget=forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"}),
        help_text=lazy("法定期限从这时起算。"),
    )
    is_drill = forms.BooleanField(label=lazy("演练：只做记录，不通知客户"), required=False)

    def clean_batches(self) -> list[str]:
        text = self.cleaned_data["batches"]
        for mark in "，、；;\n\t ":
            text = text.replace(mark, ",")
        return [one for one in text.split(",") if one]

    def clean_discovered_at(self) -> datetime:
        moment: datetime = self.cleaned_data["discovered_at"]
        # Forms know no seconds: what was typed as "now" is not in the future.
        return min(moment, clock.now()) if moment.replace(second=0) <= clock.now() else moment


class CloseForm(DressedForm):
    conclusion = forms.CharField(
        label=lazy("结论"), max_length=running.MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )


@login_required
@permission_required("customers.view_recall", raise_exception=True)
@require_GET
def recall_list(request: HttpRequest) -> HttpResponse:
    """Recalls, newest first."""
    page = page_of(Recall.objects.visible_to(request.user).select_related("owner"), ("-id",), request.GET.get("cursor"))
    for row in page.rows:
        row.tone = STATUS_TONES.get(row.status, "")
    return render(request, "workbench/recalls/list.html", {"page": page, "places": PLACES})


@login_required
@permission_required("customers.add_recall", raise_exception=True)
@require_http_methods(["GET", "POST"])
def recall_new(request: HttpRequest) -> HttpResponse:
    """The plan. "看影响范围" shows whom it concerns and writes nothing."""
    form = RecallForm(request.POST or None, initial={"discovered_at": clock.now()})
    scope: Scope | None = None
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            scope = scope_of(sku=values["sku"], batches=values["batches"])
            if "save" in request.POST:
                recall = running.create_recall(actor=person_of(request), values=values)
                return redirect("recall_page", pk=recall.pk)
        except DomainError as error:
            form.add_domain_error(error)
    return render(
        request, "workbench/recalls/new.html", {"form": form, "scope": scope}, status=422 if form.errors else 200
    )


def _recall(request: HttpRequest, pk: int) -> Any:
    row = Recall.objects.visible_to(request.user).select_related("owner").filter(pk=pk).first()
    if row is None:
        raise Http404
    row.tone = STATUS_TONES.get(row.status, "")
    return row


@login_required
@permission_required("customers.view_recall", raise_exception=True)
@require_GET
def recall_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan, the duties of law, how far it is, and the orders one by one."""
    return _shown(request, _recall(request, pk), CloseForm())


def _shown(request: HttpRequest, recall: Recall, form: CloseForm) -> HttpResponse:
    user = person_of(request)
    found = progress.progress_of(recall)
    rows = RecallOrder.objects.visible_to(user).filter(recall=recall).with_notices().with_calls()
    page = page_of(rows.select_related("order__customer"), ("id",), request.GET.get("cursor"))
    for row in page.rows:
        row.step = progress.step_of(row)
        row.step_label, row.tone = AffectedStatus(row.step).label, STEP_TONES.get(row.step, "")
    context = {
        "recall": recall,
        "scope": _scope(recall),
        "progress": found,
        "bars": _bars(found),
        "duties": list(recall.duties.select_related("done_by")),
        "notice": running.notice_text(recall),
        "channels": [OutreachChannel(one).label for one in recall.channels],
        "page": page,
        "steps": [(one.value, one.label) for one in progress.STEPS],
        "close_form": form,
        "can_start": user.has_perm("customers.start_recall"),
        "can_handle": user.has_perm("customers.handle_recall"),
        "can_call": user.has_perm("customers.handle_outreach"),
    }
    return render(request, "workbench/recalls/page.html", context, status=422 if form.errors else 200)


def _scope(recall: Recall) -> Scope | None:
    """Whom a draft would concern now; a started recall has its orders."""
    if recall.status != RecallStatus.DRAFT:
        return None
    try:
        return scope_of(sku=recall.sku, batches=recall.batches)
    except DomainError:
        return None


def _bars(found: progress.Progress) -> list[tuple[str, int, int]]:
    """(label, orders, percent) of every step."""
    labels = (
        (_("已通知"), found.notified),
        (_("已联系到"), found.reached),
        (_("已退回"), found.returned),
        (_("已补救"), found.remedied),
    )
    return [(label, count, round(found.share(count) * 100)) for label, count in labels]


@login_required
@permission_required("customers.view_recall", raise_exception=True)
@require_POST
def recall_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """start · close · duty · mark: the services decide who may."""
    recall = _recall(request, pk)
    closes = recall.status == RecallStatus.RUNNING and request.user.has_perm("customers.start_recall")
    form = CloseForm(request.POST) if verb == "close" and closes else None
    if form is not None and not form.is_valid():
        return _shown(request, recall, form)
    try:
        messages.success(request, _act(request, recall, verb))
    except DomainError as error:
        if form is not None:
            form.add_domain_error(error)
            return _shown(request, recall, form)
        messages.error(request, error.message)
    return redirect("recall_page", pk=pk)


def _act(request: HttpRequest, recall: Recall, verb: str) -> str:
    user = person_of(request)
    match verb:
        case "start":
            running.start_recall(recall=recall, actor=user)
            return _("召回已启动，正在通知客户。")
        case "close":
            running.close_recall(recall=recall, actor=user, conclusion=request.POST.get("conclusion", ""))
            return _("召回已结束。")
        case "duty":
            duty = recall.duties.filter(pk=_number(request, "duty")).first()
            if duty is None:
                raise Http404
            if "enable" in request.POST:
                running.change_duty(duty=duty, actor=user, enabled=True)
                return _("义务已启用。")
            running.change_duty(duty=duty, actor=user, done=True)
            return _("义务已完成。")
        case "mark":
            rows = RecallOrder.objects.visible_to(user).filter(recall=recall)
            row = rows.filter(pk=_number(request, "order")).first()
            if row is None:
                raise Http404
            step, note = request.POST.get("step", ""), request.POST.get("note", "")
            progress.mark_order(recall_order=row, actor=user, step=step, note=note)
            return _("进展已登记。")
    raise Http404


def _number(request: HttpRequest, name: str) -> int:
    return row_id(request.POST.get(name, "")) or 0


@login_required
@permission_required("customers.view_recall", raise_exception=True)
@require_GET
def recall_report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The orders with their progress as a file."""
    recall = _recall(request, pk)
    try:
        return export_response(
            request,
            rows=progress.rows_for_report(recall, person_of(request)).iterator(chunk_size=1000),
            columns=progress.COLUMNS,
            permission="customers.handle_recall",
            kind="recall",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("recall_page", pk=pk)
