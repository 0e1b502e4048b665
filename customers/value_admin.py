"""Values and consents in the admin: to look at. Consents are noted on the customer's page and over the API."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from customers.models import CareNote, ConsentRecord, CustomerSettings, CustomerValue, ValueBase


@admin.register(CareNote)
class CareNoteAdmin(ReadOnlyAdmin):
    seen_through = ("customer",)
    list_display = ("customer", "kind", "author", "created_at", "ended_at")
    list_filter = ("kind",)
    list_select_related = ("customer", "author")
    fields = ("customer", "kind", "author", "created_at", "ended_at", "ended_by")


@admin.register(CustomerSettings)
class CustomerSettingsAdmin(ServiceAdmin):
    list_display = ["__str__", "watch_ratio", "warn_ratio", "lost_ratio", "consent_rest_days"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not CustomerSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: CustomerSettings, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(ValueBase)
class ValueBaseAdmin(ReadOnlyAdmin):
    list_display = ["computed_at", "size", "mean_recency", "mean_frequency", "mean_monetary", "median_gap"]


@admin.register(CustomerValue)
class CustomerValueAdmin(ReadOnlyAdmin):
    list_display = ["customer", "segment", "score", "orders", "churn_band", "churn_ratio", "computed_at"]
    list_filter = ["segment", "churn_band", "churn_basis"]
    list_select_related = ["customer"]


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    list_display = ["at", "customer", "purpose", "decision", "channel", "is_asked", "actor"]
    list_filter = ["purpose", "decision", "channel"]
    list_select_related = ["customer", "actor"]
