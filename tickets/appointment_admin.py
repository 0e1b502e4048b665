"""Visits in the admin: when, by whom and how they ended; never the address."""

from typing import ClassVar

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import Appointment


@admin.register(Appointment)
class AppointmentAdmin(ReadOnlyAdmin):
    list_display = ("starts_at", "ends_at", "technician", "ticket", "state", "result", "move_count")
    list_filter = ("state", "result")
    list_select_related = ("ticket", "technician")
    ordering = ("-starts_at", "-id")
    fields: ClassVar[tuple[str, ...]] = (
        *list_display, "reason", "booked_by", "booked_at", "reminded_at", "signature_sha256", "unsigned_reason",
        "ended_by", "ended_at",
    )  # fmt: skip
