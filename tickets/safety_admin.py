"""Safety promises, incidents and diagnoses in the admin: to look at; what people wrote stays on the pages."""

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import DiagnosisRun, SafetyClaim, SafetyIncident


@admin.register(SafetyClaim)
class SafetyClaimAdmin(ReadOnlyAdmin):
    list_display = ("message", "version", "reason", "actor", "confirmed_at")
    list_select_related = ("message", "version", "actor")


@admin.register(SafetyIncident)
class SafetyIncidentAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "sku", "batch", "harm", "injured_count", "recall", "reporter", "reported_at")
    list_filter = ("harm", "is_large_loss")
    search_fields = ("sku", "batch", "ticket__number")
    list_select_related = ("ticket", "recall", "reporter")
    exclude = ("injury", "circumstances", "storage")


@admin.register(DiagnosisRun)
class DiagnosisRunAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "version", "outcome", "aftersales", "actor", "started_at", "finished_at")
    list_filter = ("outcome",)
    list_select_related = ("ticket", "version", "aftersales", "actor")
