"""Recalls and disruptions in the admin: to look at. They are run on their pages and over the API."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin
from customers.models import Disruption, DisruptionOrder, DisruptionUpdate, Recall, RecallDuty, RecallOrder


class ShownInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DutyInline(ShownInline):
    model = RecallDuty
    fields = ("rule", "what", "due_at", "is_enabled", "done_at", "done_by")
    readonly_fields = fields


class UpdateInline(ShownInline):
    model = DisruptionUpdate
    fields = ("published_at", "text", "tells_customers", "author")
    readonly_fields = fields


@admin.register(Recall)
class RecallAdmin(ReadOnlyAdmin):
    list_display = ("title", "sku", "status", "is_drill", "owner", "discovered_at", "started_at", "closed_at")
    list_filter = ("status", "is_drill")
    list_select_related = ("owner",)
    inlines = (DutyInline,)


@admin.register(RecallOrder)
class RecallOrderAdmin(ReadOnlyAdmin):
    list_display = ("order", "recall", "quantity", "asked_at", "reached_at", "returned_at", "remedied_at")
    list_filter = ("recall",)
    list_select_related = ("order", "recall")


@admin.register(Disruption)
class DisruptionAdmin(ReadOnlyAdmin):
    list_display = ("title", "shop", "plan", "status", "owner", "created_at", "plan_applied_at")
    list_filter = ("status", "plan")
    list_select_related = ("shop", "owner")
    inlines = (UpdateInline,)


@admin.register(DisruptionOrder)
class DisruptionOrderAdmin(ReadOnlyAdmin):
    list_display = ("order", "disruption", "amount", "applied_at", "choice")
    list_filter = ("disruption",)
    list_select_related = ("order", "disruption")
