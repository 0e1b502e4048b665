"""Registers in the admin: to look at, search and filter; they are written on their pages."""

from typing import Any, ClassVar

from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin
from core.registers.models import Record
from core.registers.services import evidence_of


class RecordAdmin(ReadOnlyAdmin):
    list_display: ClassVar[Any] = ("title", "state_shown", "owner", "review_on", "created_at")
    list_filter: ClassVar[Any] = ("state",)
    search_fields: ClassVar[Any] = ("title",)
    list_select_related: ClassVar[Any] = ("owner",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "evidence_shown")

    @display(description=_("状态"), ordering="state")
    def state_shown(self, record: Record) -> str:
        return record.state_label

    @display(description=_("依据"))
    def evidence_shown(self, record: Record) -> str:
        return "；".join(row.text for row in evidence_of(record)) or "—"
