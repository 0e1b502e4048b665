"""Rooms in the admin: to look at; people work in them on their page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin
from tickets.models import Room, RoomEntry, RoomGuest, RoomMember, RoomVisit


class _Inline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MemberInline(_Inline):
    model = RoomMember
    fields = ("user", "added_by", "added_at", "removed_at")


class GuestInline(_Inline):
    model = RoomGuest
    fields = ("name", "kind", "may_answer", "invited_by", "created_at", "expires_at", "removed_at", "removed_by")


@admin.register(Room)
class RoomAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "opened_by", "opened_at", "due_at", "closed_by", "closed_at"]
    list_select_related = ["ticket", "opened_by", "closed_by"]
    exclude = ["summary"]
    inlines = (MemberInline, GuestInline)


@admin.register(RoomEntry)
class RoomEntryAdmin(ReadOnlyAdmin):
    list_display = ["room", "kind", "author", "guest", "is_for_guests", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["room", "author", "guest"]
    exclude = ["text"]


@admin.register(RoomVisit)
class RoomVisitAdmin(ReadOnlyAdmin):
    seen_through = ("guest__room",)
    list_display = ["guest", "kind", "network", "at"]
    list_filter = ["kind"]
    list_select_related = ["guest"]
