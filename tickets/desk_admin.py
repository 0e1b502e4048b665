"""What people have in hand, in the admin: that it exists, never what is written in it."""

from typing import ClassVar

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import Draft, Notice, TicketSeen, WaitingReply


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("ticket", "author", "kind", "updated_at")
    list_select_related = ("ticket", "author")
    fields: ClassVar[tuple[str, ...]] = ("ticket", "author", "kind", "updated_at")


@admin.register(WaitingReply)
class WaitingReplyAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("ticket", "author", "state", "send_at", "is_chosen", "solves", "reason")
    list_filter = ("state", "is_chosen")
    list_select_related = ("ticket", "author")
    fields: ClassVar[tuple[str, ...]] = ("ticket", "author", "state", "send_at", "is_chosen", "solves", "reason")


@admin.register(TicketSeen)
class TicketSeenAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("ticket", "user", "seen_at")
    list_select_related = ("ticket", "user")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("ticket", "user", "kind", "created_at", "read_at")
    list_filter = ("kind",)
    list_select_related = ("ticket", "user")
