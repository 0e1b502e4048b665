"""/team/peak/: 大促模式, scheduled and stopped."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from core.events import Event
from crm.staff.models import PeakPlan
from crm.staff.person import person_of
from crm.staff.services import peaks

PLANS, SWITCHINGS = 20, 20


class PeakForm(forms.ModelForm):
    class Meta:
        model = PeakPlan
        fields = ["name", "starts_at", "ends_at", "limit_percent", "template", "greeting", "sla_note"]
        widgets = {
            "starts_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "ends_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "greeting": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            is_select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_select else "form-control"

    def _post_clean(self) -> None:
        """What may be planned is asked of the service, so that nothing is judged twice."""


@login_required
@permission_required("staff.view_peakplan", raise_exception=True)
@require_safe
def peak(request: HttpRequest) -> HttpResponse:
    """The plans, the newest first, and when they switched."""
    return _shown(request)


@login_required
@permission_required("staff.add_peakplan", raise_exception=True)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = PeakForm(request.POST)
    if form.is_valid():
        try:
            plan = peaks.save_peak(plan=None, actor=person_of(request), values=form.cleaned_data)
        except DomainError as error:
            for name in error.fields or {"": []}:
                form.add_error(name if name in form.fields else None, error.message)
        else:
            messages.success(request, _("大促计划“%(name)s”已安排，到点自动切换。") % {"name": plan.name})
            return redirect("peak")
    return _shown(request, form, status=400)


@login_required
@permission_required("staff.change_peakplan", raise_exception=True)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(PeakPlan, pk=pk)
    try:
        peaks.stop_peak(plan=plan, actor=person_of(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("大促计划“%(name)s”已停止，一切恢复平时的设置。") % {"name": plan.name})
    return redirect("peak")


def _shown(request: HttpRequest, form: PeakForm | None = None, status: int = 200) -> HttpResponse:
    may_plan = request.user.has_perm("staff.add_peakplan")
    switched = Event.objects.filter(kind="peak.switched").select_related("actor").order_by("-pk")
    context = {
        "plans": PeakPlan.objects.select_related("template", "stopped_by")[:PLANS],
        "switchings": switched[:SWITCHINGS],
        "form": (form or PeakForm()) if may_plan else None,
    }
    return render(request, "crm/peak.html", context, status=status)
