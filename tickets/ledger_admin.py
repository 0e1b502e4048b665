"""The ledger in the admin: to look at; it is checked on its page."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin
from tickets.models import LedgerCheck, LedgerEntry


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ("id", "event_id", "ticket", "mark_shown")
    list_select_related = ("ticket",)
    search_fields = ("=id", "=event_id")
    ordering = ("-id",)

    @admin.display(description=_("指纹"))
    def mark_shown(self, entry: LedgerEntry) -> str:
        return entry.mark


@admin.register(LedgerCheck)
class LedgerCheckAdmin(ReadOnlyAdmin):
    list_display = ("id", "scope", "state", "checked", "fault", "broken_number", "started_at", "finished_at")
    list_filter = ("state",)
