"""Links and transfers in the admin: to look at; they are made on the ticket."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from tickets.models import TicketLink, TicketTransfer
from tickets.querysets import sight


class _LookedAt(ModelAdmin):
    """Rows that services write and nobody edits."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(TicketLink)
class TicketLinkAdmin(_LookedAt):
    list_display = ("ticket", "kind", "other", "actor", "created_at")
    list_select_related = ("ticket", "other", "actor")
    list_filter = ("kind",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketLink]:
        both = sight(request.user, "ticket__") & sight(request.user, "other__")  # type: ignore[arg-type]
        return super().get_queryset(request).filter(both)


@admin.register(TicketTransfer)
class TicketTransferAdmin(_LookedAt):
    list_display = ("ticket", "number", "source", "target", "state", "actor", "confirmed_by", "at")
    list_select_related = ("ticket", "source", "target", "actor", "confirmed_by")
    list_filter = ("state", "number")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketTransfer]:
        return TicketTransfer.objects.visible_to(request.user)  # type: ignore[arg-type]
