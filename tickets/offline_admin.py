"""Imported files in the admin: to look at; they are confirmed on their page."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin
from tickets.models import ImportBatch, ImportRow


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("name", "actor", "created_at", "confirmed_at")
    list_select_related = ("actor",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = ImportBatch.objects.visible_to(request.user)  # type: ignore[arg-type]
        return rows


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    """That a line is there and what became of it, never what is written in it."""

    list_display = ("batch", "line", "state", "ticket")
    list_filter = ("state",)
    list_select_related = ("batch", "ticket")
    fields: ClassVar[tuple[str, ...]] = ("batch", "line", "state", "ticket")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = ImportRow.objects.visible_to(request.user)  # type: ignore[arg-type]
        return rows
