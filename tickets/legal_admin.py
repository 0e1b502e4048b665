"""Legal work in the admin: rules to edit, everything else to look at, words of people left out."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.errors import InvalidInput
from tickets.models import (
    Evidence,
    EvidencePack,
    Investigation,
    InvestigationEntry,
    LegalCase,
    LegalClock,
    LegalMoment,
    LegalReview,
    LegalRule,
)
from tickets.services.legal import rules


class RuleForm(forms.ModelForm):
    """Refuses periods that cannot be, beside the field."""

    def clean(self) -> Any:
        data = super().clean()
        if self.errors:
            return data
        try:
            rules.check_period(LegalRule(**{name: self.cleaned_data[name] for name in rules.PERIOD_FIELDS}))
        except InvalidInput as error:
            raise ValidationError(
                {name: sentences for name, sentences in error.fields.items() if name in self.fields}
            ) from error
        return data


@admin.register(LegalRule)
class LegalRuleAdmin(ServiceAdmin):
    form = RuleForm
    list_display = ("code", "title", "amount", "unit", "clock", "source_title", "confidence", "checked_on", "is_active")
    list_filter = ("is_active", "confidence", "is_ours", "platform")
    search_fields = ("code", "title")
    readonly_fields = ("code", "starts", "provisional", "authorities", "platform", "is_ours", "updated_at")
    ordering = ("code",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rules come with the product; what begins them is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LegalRule | None = None) -> bool:
        """Deadlines rest on it; it can be switched off."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[LegalRule]:
        rules.load_presets()
        return super().get_queryset(request)

    def save_model(self, request: HttpRequest, obj: LegalRule, form: Any, change: bool) -> None:
        rules.save_rule(rule=obj, actor=cast(Any, request.user), values={})


class _NewestAdmin(ReadOnlyAdmin):
    ordering = ("-id",)


class MomentInline(TabularInline):
    model = LegalMoment
    fields = readonly_fields = ("event", "at", "note", "actor", "created_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LegalCase)
class LegalCaseAdmin(_NewestAdmin):
    list_display = ("external_number", "authority", "platform", "matter", "ticket", "received_at", "state", "outcome")
    list_filter = ("authority", "state", "matter")
    list_select_related = ("ticket",)
    fields: ClassVar[tuple[str, ...]] = (
        *list_display,
        "reply_due_at",
        "owner",
        "created_by",
        "created_at",
        "closed_at",
    )
    inlines = (MomentInline,)


@admin.register(LegalClock)
class LegalClockAdmin(_NewestAdmin):
    list_display = ("title", "rule", "ticket", "case", "started_at", "due_at", "met_at", "missed_at", "explained_at")
    list_filter = ("is_ours", "clock")
    list_select_related = ("rule", "ticket", "case")
    fields: ClassVar[tuple[str, ...]] = (
        *list_display, "basis", "amount", "unit", "clock", "problem", "owner", "dropped_at", "drop_reason",
    )  # fmt: skip


@admin.register(Evidence)
class EvidenceAdmin(_NewestAdmin):
    list_display = ("title", "kind", "ticket", "case", "size", "frozen_by", "frozen_at")
    list_filter = ("kind",)
    list_select_related = ("ticket", "case", "frozen_by")
    fields: ClassVar[tuple[str, ...]] = (*list_display, "url", "digest")


@admin.register(EvidencePack)
class EvidencePackAdmin(_NewestAdmin):
    list_display = ("made_at", "made_by", "ticket", "case", "is_masked", "reason")
    list_select_related = ("made_by", "ticket", "case")
    fields: ClassVar[tuple[str, ...]] = (*list_display, "digest")


class EntryInline(TabularInline):
    model = InvestigationEntry
    fields = readonly_fields = ("kind", "speaker", "actor", "at", "digest")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Investigation)
class InvestigationAdmin(_NewestAdmin):
    list_display = ("ticket", "state", "owner", "opened_at", "concluded_by", "concluded_at")
    list_filter = ("state",)
    list_select_related = ("ticket", "owner", "concluded_by")
    fields: ClassVar[tuple[str, ...]] = (*list_display, "digest")
    inlines = (EntryInline,)


@admin.register(LegalReview)
class LegalReviewAdmin(_NewestAdmin):
    list_display = ("ticket", "asked_by", "asked_at", "answered_by", "answered_at")
    list_select_related = ("ticket", "asked_by", "answered_by")
    fields: ClassVar[tuple[str, ...]] = list_display
