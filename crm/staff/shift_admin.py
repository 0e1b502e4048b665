"""Shifts, skill groups, templates and peak plans in the admin. What has rules is written by the services."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.errors import DomainError
from crm.staff.admin import WrittenAdmin
from crm.staff.forms import WordsField
from crm.staff.models import (
    GroupHours,
    PeakPlan,
    Presence,
    ReliefRequest,
    ShiftPlan,
    ShiftTemplate,
    SkillGroup,
    TemplateShift,
)
from crm.staff.person import person_of
from crm.staff.services import coverage, peaks, shifts


class GroupHoursInline(TabularInline):
    model = GroupHours
    extra = 0


class SkillGroupForm(forms.ModelForm):
    skills = WordsField(
        label=_("需要技能"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("用逗号分开；只分派给具备全部这些技能的客服，留空不限。"),
    )

    class Meta:
        model = SkillGroup
        fields = ["queue", "skills", "calendar", "lead_minutes"]


@admin.register(SkillGroup)
class SkillGroupAdmin(ServiceAdmin):
    form = SkillGroupForm
    list_display = ["queue", "skills", "lead_minutes", "calendar"]
    list_select_related = ["queue", "calendar"]
    inlines = [GroupHoursInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """New hours are watched from now on."""
        super().save_related(request, form, formsets, change)
        coverage.arm_watch()


class TemplateShiftInline(TabularInline):
    model = TemplateShift
    extra = 0


@admin.register(ShiftTemplate)
class ShiftTemplateAdmin(ServiceAdmin):
    list_display = ["name", "makeup_weekday", "created_at"]
    search_fields = ["name"]
    inlines = [TemplateShiftInline]


@admin.register(ShiftPlan)
class ShiftPlanAdmin(WrittenAdmin):
    list_display = ["user", "starts_at", "ends_at", "queue", "template", "peak"]
    list_select_related = ["user", "queue", "template", "peak"]
    list_filter = ["queue"]
    fields = ["user", "starts_at", "ends_at", "queue"]
    actions = ["cancel"]

    def get_readonly_fields(self, request: HttpRequest, obj: ShiftPlan | None = None) -> list[str]:
        return ["user"] if obj else []

    def save_model(self, request: HttpRequest, obj: ShiftPlan, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in ("starts_at", "ends_at", "queue")}
        if change:
            shifts.change_shift(shift=ShiftPlan.objects.get(pk=obj.pk), actor=person_of(request), **data)
        else:
            made = shifts.create_shift(user=form.cleaned_data["user"], actor=person_of(request), **data)
            obj.pk = made.pk

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("staff.delete_shiftplan"))

    @admin.action(description=_("取消所选班次"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[ShiftPlan]) -> None:
        for shift in queryset:
            try:
                shifts.cancel_shift(shift=shift, actor=person_of(request))
            except DomainError as error:
                messages.error(request, error.message)


@admin.register(PeakPlan)
class PeakPlanAdmin(WrittenAdmin):
    list_display = ["name", "starts_at", "ends_at", "limit_percent", "template", "stopped_at"]
    list_select_related = ["template"]
    fields = ["name", "starts_at", "ends_at", "limit_percent", "template", "greeting", "sla_note"]
    actions = ["stop"]

    def save_model(self, request: HttpRequest, obj: PeakPlan, form: Any, change: bool) -> None:
        stored = PeakPlan.objects.get(pk=obj.pk) if change else None
        saved = peaks.save_peak(plan=stored, actor=person_of(request), values=form.cleaned_data)
        obj.pk = saved.pk

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("staff.change_peakplan"))

    @admin.action(description=_("停止所选大促计划"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[PeakPlan]) -> None:
        for plan in queryset:
            try:
                peaks.stop_peak(plan=plan, actor=person_of(request))
            except DomainError as error:
                messages.error(request, error.message)


@admin.register(Presence)
class PresenceAdmin(ReadOnlyAdmin):
    list_display = ["user", "beat_at", "away_reason", "away_at", "returned"]
    list_select_related = ["user"]


@admin.register(ReliefRequest)
class ReliefRequestAdmin(ReadOnlyAdmin):
    """Those one may know of; they are made on the desk and decided on the page 情绪与换人. The note is not shown."""

    list_display = ["person", "ticket", "anger_level", "state", "created_at", "decided_by"]
    list_filter = ["state"]
    list_select_related = ["person", "ticket", "decided_by"]
    fields = [*list_display, "decided_at", "handed_to", "availability"]
