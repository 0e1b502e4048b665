"""After-sales in the admin: requests and money to look at, time limits to set."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from tickets.models import AfterSales, AfterSalesLimit, AfterSalesStep, GoodsInspection, Refund, RepairPeriod, Warranty
from tickets.services.aftersales import limits


def person(request: HttpRequest) -> Any:
    """Who is signed in to the admin."""
    return request.user


class StepInline(TabularInline):
    model = AfterSalesStep
    fields = ("action", "kind", "from_state", "to_state", "note", "actor", "at", "due_at", "is_late")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False


@admin.register(AfterSales)
class AfterSalesAdmin(ReadOnlyAdmin):
    list_display = ("id", "ticket", "kind", "reason", "state", "sku", "quantity", "amount", "due_at", "overdue_count")
    list_filter = ("state", "kind", "reason")
    list_select_related = ("ticket", "order")
    search_fields = ("=ticket__number", "=sku")
    exclude = ("note", "row_key")
    inlines: ClassVar[list[Any]] = [StepInline]


@admin.register(AfterSalesStep)
class AfterSalesStepAdmin(ReadOnlyAdmin):
    seen_through = ("aftersales",)
    list_display = ("aftersales", "action", "kind", "to_state", "actor", "at", "is_late")
    list_filter = ("action", "is_late")
    list_select_related = ("aftersales", "actor")


@admin.register(GoodsInspection)
class GoodsInspectionAdmin(ReadOnlyAdmin):
    seen_through = ("aftersales",)
    list_display = ("aftersales", "result", "inspector", "inspected_at")
    list_filter = ("result",)
    list_select_related = ("aftersales", "inspector")
    exclude = ("note", "row_key")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("id", "order", "amount", "status", "reason", "requested_by", "requested_at", "paid_at", "reference")
    list_filter = ("status",)
    list_select_related = ("order", "requested_by")
    search_fields = ("=order__order_no", "=reference")


@admin.register(AfterSalesLimit)
class AfterSalesLimitAdmin(ServiceAdmin):
    """A change counts for the stages entered from now on."""

    list_display = ("stage", "kind", "platform", "hours", "warn_hours", "source", "confidence", "is_active")
    list_filter = ("stage", "kind", "platform", "is_active")

    def save_model(self, request: HttpRequest, obj: AfterSalesLimit, form: Any, change: bool) -> None:
        limits.save_limit(limit=obj, actor=person(request), values={})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Warranty)
class WarrantyAdmin(ReadOnlyAdmin):
    list_display = ("serial", "kind", "certificate", "sku", "starts_on", "months", "registered_by")
    list_filter = ("kind",)
    list_select_related = ("registered_by",)
    search_fields = ("=serial", "=certificate")


@admin.register(RepairPeriod)
class RepairPeriodAdmin(ReadOnlyAdmin):
    seen_through = ("aftersales",)
    list_display = ("serial", "aftersales", "started_at", "ended_at")
    search_fields = ("=serial",)
    list_select_related = ("aftersales",)
