"""Reports of abuse in the admin: that they are there and what was decided, never the conversation."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin
from tickets.models import AbuseReport


@admin.register(AbuseReport)
class AbuseReportAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "reporter", "state", "created_at", "relieved_at", "decided_by", "flagged_until")
    list_filter = ("state",)
    list_select_related = ("ticket", "reporter", "decided_by")
    fields: ClassVar[tuple[str, ...]] = (*list_display, "reason", "digest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = AbuseReport.objects.visible_to(request.user)  # type: ignore[arg-type]
        return rows
