"""Look backs on closed complaints in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import ComplaintOutcome

if TYPE_CHECKING:
    pass


@admin.register(ComplaintOutcome)
class ComplaintOutcomeAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "closed_at", "category", "level", "satisfaction", "repeat_count", "repurchase_count"]
    list_filter = ["level", "satisfaction"]
    list_select_related = ["ticket", "level"]
    search_fields = ["=ticket__number"]
