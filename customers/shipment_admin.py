"""Parcels, carriers and messages to customers in the admin: rows are shown, rules go through the services."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from customers.models import (
    Carrier,
    Outreach,
    OutreachSettings,
    Shipment,
    ShipmentException,
    ShipmentNode,
    StallRule,
)
from customers.shipments import carriers


@admin.register(Carrier)
class CarrierAdmin(ServiceAdmin):
    list_display = ("name", "key", "pattern", "example", "phone", "is_active")
    list_filter = ("is_active",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Carrier, form: Any, change: bool) -> None:
        carriers.save_carrier(carrier=obj, actor=request.user, changes=form.cleaned_data)


@admin.register(StallRule)
class StallRuleAdmin(ServiceAdmin):
    list_display = ("__str__", "carrier", "stage", "hours", "tells_customer")
    list_select_related = ("carrier",)

    def save_model(self, request: HttpRequest, obj: StallRule, form: Any, change: bool) -> None:
        carriers.save_stall_rule(rule=obj, actor=request.user, changes=form.cleaned_data)


class NodeInline(TabularInline):
    model = ShipmentNode
    fields = ("at", "kind", "place", "text")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin):
    list_display = ("tracking_no", "carrier", "order", "stage", "place", "moved_at")
    list_filter = ("stage", "carrier")
    list_select_related = ("carrier", "order")
    search_fields = ("=tracking_no",)
    inlines = (NodeInline,)


@admin.register(ShipmentException)
class ShipmentExceptionAdmin(ReadOnlyAdmin):
    list_display = ("shipment", "kind", "status", "detected_at", "due_at", "assignee", "resolution")
    list_filter = ("status", "kind")
    list_select_related = ("shipment", "assignee")


@admin.register(Outreach)
class OutreachAdmin(ReadOnlyAdmin):
    list_display = ("customer", "purpose", "channel", "status", "reason", "created_at", "sent_at")
    list_filter = ("status", "purpose", "channel")
    list_select_related = ("customer",)
    fields = (
        "customer",
        ("purpose", "channel"),
        "title",
        ("status", "reason"),
        ("not_before", "sent_at", "ended_at"),
        ("attempts", "handled_by", "created_by"),
        "created_at",
    )


@admin.register(OutreachSettings)
class OutreachSettingsAdmin(ServiceAdmin):
    list_display = ("__str__", "quiet_from", "quiet_to", "notices_a_day", "marketing_days", "is_drill")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not OutreachSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: OutreachSettings, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)
