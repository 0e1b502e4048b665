from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin, condition_field
from core.conditions import parse
from crm.followups.models import FollowUpPlan, FollowupSettings, FollowUpVisit, SurveyInvitation
from tickets.services.facts import TICKET_FIELDS


@admin.register(FollowupSettings)
class FollowupSettingsAdmin(ServiceAdmin):
    list_display = ["__str__", "is_survey_on", "survey_days", "attempts_max"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not FollowupSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: FollowupSettings, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class PlanForm(forms.ModelForm):
    condition = condition_field(
        TICKET_FIELDS, label=_("条件"), help_text=_("仅用于工单关闭后的计划；没有条件时匹配全部工单。")
    )

    class Meta:
        model = FollowUpPlan
        fields = ["key", "name", "trigger", "delay_days", "condition", "is_active"]


@admin.register(FollowUpPlan)
class FollowUpPlanAdmin(ServiceAdmin):
    form = PlanForm
    list_display = ["name", "trigger", "delay_days", "rule", "is_active"]
    list_filter = ["trigger", "is_active"]
    search_fields = ["name", "key"]

    @admin.display(description=_("条件"))
    def rule(self, obj: FollowUpPlan) -> str:
        return parse(obj.condition, TICKET_FIELDS).sentence()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FollowUpVisit)
class FollowUpVisitAdmin(ReadOnlyAdmin):
    list_display = ["due_at", "ticket", "customer", "assignee", "status", "outcome", "attempts", "done_at"]
    list_filter = ["status", "outcome", "skip_reason", "plan"]
    list_select_related = ["ticket", "customer", "assignee"]
    search_fields = ["ticket__number"]


@admin.register(SurveyInvitation)
class SurveyInvitationAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "assignee", "queue", "solved_at", "score", "answered_at"]
    list_filter = ["score", "queue"]
    list_select_related = ["ticket", "assignee", "queue"]
    search_fields = ["ticket__number"]
