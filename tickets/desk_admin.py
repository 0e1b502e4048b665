"""What people have in hand, in the admin: that it exists, never what is written in it."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin
from tickets.models import Draft, Notice, TicketSeen, WaitingReply
from tickets.querysets import sight


class OfTicketAdmin(ReadOnlyAdmin):
    """Rows of tickets in sight: of every ticket that a row names."""

    tickets: ClassVar[tuple[str, ...]] = ("ticket",)
    list_select_related: Any = ("ticket",)
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        for name in self.tickets:
            rows = rows.filter(sight(cast(Any, request.user), f"{name}__"))
        return rows


@admin.register(Draft)
class DraftAdmin(OfTicketAdmin):
    list_display = ("ticket", "author", "kind", "updated_at")
    list_select_related = ("ticket", "author")
    fields: ClassVar[tuple[str, ...]] = ("ticket", "author", "kind", "updated_at")


@admin.register(WaitingReply)
class WaitingReplyAdmin(OfTicketAdmin):
    list_display = ("ticket", "author", "state", "send_at", "is_chosen", "solves", "reason")
    list_filter = ("state", "is_chosen")
    list_select_related = ("ticket", "author")
    fields: ClassVar[tuple[str, ...]] = ("ticket", "author", "state", "send_at", "is_chosen", "solves", "reason")


@admin.register(TicketSeen)
class TicketSeenAdmin(OfTicketAdmin):
    list_display = ("ticket", "user", "seen_at")
    list_select_related = ("ticket", "user")


@admin.register(Notice)
class NoticeAdmin(OfTicketAdmin):
    list_display = ("ticket", "user", "kind", "created_at", "read_at")
    list_filter = ("kind",)
    list_select_related = ("ticket", "user")
