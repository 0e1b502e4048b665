"""主动联系：what we told customers unasked, and whom a person has to call."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.language import mask_text
from crm.staff.person import person_of
from crm.workbench.chips import chip, values_of
from crm.workbench.logistics.common import PARCELS, Tab, back, is_dialog, page_of
from crm.workbench.logistics.parcels import TONES
from customers.forms import DressedForm
from customers.models import Outreach
from customers.outreach import report_contact
from customers.outreach.contacting import MAX_NOTE
from customers.outreach_choices import ContactResult, OutreachPurpose, OutreachStatus

TABS = {
    tab.key: tab
    for tab in (
        Tab("by_hand", lazy("待人工联系"), lazy("没有要人工联系的客户。系统送不到的通知会出现在这里。"), ("id",)),
        Tab("waiting", lazy("待发送"), lazy("没有等待发送的通知。安静时段的通知会等到早上。")),
        Tab("done", lazy("已送达"), lazy("发出的通知会留在这里。")),
        Tab("unsent", lazy("未送达"), lazy("没有未送达的通知。")),
    )
}
STATUSES = {
    "by_hand": (OutreachStatus.BY_HAND,),
    "waiting": (OutreachStatus.WAITING,),
    "done": (OutreachStatus.SENT, OutreachStatus.REACHED),
    "unsent": (OutreachStatus.FAILED, OutreachStatus.REFUSED, OutreachStatus.CANCELLED, OutreachStatus.DRILL),
}


class ReportForm(DressedForm):
    result = forms.ChoiceField(
        label=lazy("联系结果"),
        choices=ContactResult.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择联系结果。")},
    )
    note = forms.CharField(
        label=lazy("备注"), max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


@login_required
@permission_required("customers.view_outreach", raise_exception=True)
@require_GET
def outreach_list(request: HttpRequest) -> HttpResponse:
    """Messages by what became of them."""
    user = person_of(request)
    tab = TABS.get(request.GET.get("tab", ""), TABS["by_hand"])
    chips = [chip(request.GET, "purpose", [("", _("全部事由")), *OutreachPurpose.choices], before=_("显示"))]
    rows: Any = Outreach.objects.visible_to(user).filter(status__in=STATUSES[tab.key]).select_related("customer")
    if purpose := values_of(chips)["purpose"]:
        rows = rows.filter(purpose=purpose)
    page = page_of(rows, tab.ordering, request.GET.get("cursor"))
    for row in page.rows:
        row.tone = TONES.get(row.status, "")
    context = {
        "page": page,
        "tab": tab,
        "tabs": list(TABS.values()),
        "chips": chips,
        "places": PARCELS,
        "is_filtered": chips[0].is_set,
        "can_handle": user.has_perm("customers.handle_outreach"),
    }
    return render(request, "workbench/logistics/outreach.html", context)


@login_required
@permission_required("customers.view_outreach", raise_exception=True)
@require_http_methods(["GET", "POST"])
def outreach_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, and what came of calling. In a dialog for htmx, else a page."""
    user = person_of(request)
    row: Any = Outreach.objects.visible_to(user).select_related("customer", "handled_by").filter(pk=pk).first()
    if row is None:
        raise Http404
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            report_contact(outreach=row, actor=user, **form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("联系结果已登记。"))
            return back(request, "outreach_list")
    row.tone = TONES.get(row.status, "")
    as_dialog = is_dialog(request)
    context = {
        "row": row,
        "form": form,
        "shown_body": mask_text(row.body) if user.is_auditor else row.body,
        "shown_note": mask_text(row.note) if user.is_auditor else row.note,
        "can_handle": user.has_perm("customers.handle_outreach") and row.status == OutreachStatus.BY_HAND,
    }
    template = "workbench/logistics/outreach_form.html" if as_dialog else "workbench/logistics/outreach_page.html"
    return render(request, template, context, status=422 if form.errors and not as_dialog else 200)
