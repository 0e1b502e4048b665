from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from core.events.models import Event, EventCursor


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["id", "at", "kind", "subject_type", "subject_id", "actor"]
    list_filter = ["subject_type"]
    list_select_related = ["actor"]
    search_fields = ["=subject_id", "kind"]
    ordering = ["-id"]


@admin.register(EventCursor)
class EventCursorAdmin(ReadOnlyAdmin):
    list_display = ["name", "last_id", "attempt", "next_at", "last_error"]
