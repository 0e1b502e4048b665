"""Settings of the reports."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.admin_bases import ServiceAdmin
from core.registers.admin import RecordAdmin
from crm.insights import budget_admin as budget_admin  # registers its own pages
from crm.insights.channels import COMPARED, set_tolerance
from crm.insights.metrics import METRICS
from crm.insights.models import ChannelTolerance, Improvement, Innovation, Problem


class ToleranceForm(forms.ModelForm):
    metric = forms.ChoiceField(choices=[(key, METRICS[key].label) for key in COMPARED])

    class Meta:
        model = ChannelTolerance
        fields = ("metric", "points")


@admin.register(ChannelTolerance)
class ChannelToleranceAdmin(ServiceAdmin):
    form = ToleranceForm
    list_display = ("metric", "points", "updated_at")

    def save_model(self, request: HttpRequest, obj: ChannelTolerance, form: Any, change: bool) -> None:
        obj.pk = set_tolerance(metric=obj.metric, points=obj.points, actor=request.user).pk


@admin.register(Improvement)
class ImprovementAdmin(RecordAdmin):
    list_display = ("title", "metric", "state_shown", "owner", "review_on", "created_at")
    list_filter = ("state", "metric", "source")


@admin.register(Problem)
class ProblemAdmin(RecordAdmin):
    list_display = ("title", "kind", "state_shown", "owner", "review_on", "created_at")
    list_filter = ("state", "kind")


@admin.register(Innovation)
class InnovationAdmin(RecordAdmin):
    list_display = ("title", "kind", "metric", "result", "state_shown", "owner", "review_on")
    list_filter = ("state", "kind")
