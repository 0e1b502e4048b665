"""Reports of abuse in the admin: that they are there and what was decided, never the conversation."""

from typing import ClassVar

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import AbuseReport


@admin.register(AbuseReport)
class AbuseReportAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "reporter", "state", "created_at", "relieved_at", "decided_by", "flagged_until")
    list_filter = ("state",)
    list_select_related = ("ticket", "reporter", "decided_by")
    fields: ClassVar[tuple[str, ...]] = (*list_display, "reason", "digest")
