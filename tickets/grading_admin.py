"""Levels, triggers and escalations in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_bases import KeptAdmin, ReadOnlyAdmin, condition_field
from tickets.grading import escalation, levels
from tickets.grading.facts import LEVEL_FIELDS
from tickets.models import ComplaintGrade, ComplaintLevel, Escalation, EscalationTrigger


class LevelForm(forms.ModelForm):
    condition = condition_field(LEVEL_FIELDS, label=_("条件"))


@admin.register(ComplaintLevel)
class ComplaintLevelAdmin(KeptAdmin):
    form = LevelForm
    list_display = ["name", "rank", "queue", "is_for_specialists", "is_active"]
    fields = ["key", "name", "rank", "condition", "queue", "is_for_specialists", "is_active"]

    list_select_related = ["queue"]

    def save_model(self, request: HttpRequest, obj: ComplaintLevel, form: Any, change: bool) -> None:
        stored = ComplaintLevel.objects.get(pk=obj.pk) if change else None
        obj.pk = levels.save_level(level=stored, actor=request.user, values=dict(form.cleaned_data)).pk


@admin.register(EscalationTrigger)
class EscalationTriggerAdmin(KeptAdmin):
    list_display = ["kind", "threshold", "window_hours", "target_role", "within_minutes", "level", "is_active"]
    fields = ["kind", "threshold", "window_hours", "target_role", "within_minutes", "notice", "level", "is_active"]
    readonly_fields = ["kind"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    list_select_related = ["level"]

    def save_model(self, request: HttpRequest, obj: EscalationTrigger, form: Any, change: bool) -> None:
        stored = EscalationTrigger.objects.get(pk=obj.pk)
        escalation.save_trigger(trigger=stored, actor=request.user, values=dict(form.cleaned_data))


@admin.register(ComplaintGrade)
class ComplaintGradeAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "level", "source", "actor", "graded_at"]
    list_filter = ["level", "source"]
    list_select_related = ["ticket", "level", "actor"]


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "trigger", "target_role", "raised_at", "due_at", "taken_by", "ended_at", "ended_by"]
    list_filter = ["trigger", "target_role"]
    list_select_related = ["ticket", "trigger", "taken_by", "ended_by"]
