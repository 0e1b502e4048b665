"""Imported files in the admin: to look at; they are confirmed on their page."""

from typing import ClassVar

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import ImportBatch, ImportRow


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("name", "actor", "created_at", "confirmed_at")
    list_select_related = ("actor",)


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    """That a line is there and what became of it, never what is written in it."""

    list_display = ("batch", "line", "state", "ticket")
    list_filter = ("state",)
    list_select_related = ("batch", "ticket")
    fields: ClassVar[tuple[str, ...]] = ("batch", "line", "state", "ticket")
