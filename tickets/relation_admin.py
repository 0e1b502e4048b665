"""Links and transfers in the admin: to look at; they are made on the ticket."""

from django.contrib import admin

from core.admin_bases import ReadOnlyAdmin
from tickets.models import TicketLink, TicketTransfer


@admin.register(TicketLink)
class TicketLinkAdmin(ReadOnlyAdmin):
    seen_through = ("ticket", "other")
    list_display = ("ticket", "kind", "other", "actor", "created_at")
    list_select_related = ("ticket", "other", "actor")
    list_filter = ("kind",)


@admin.register(TicketTransfer)
class TicketTransferAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "number", "source", "target", "state", "actor", "confirmed_by", "at")
    list_select_related = ("ticket", "source", "target", "actor", "confirmed_by")
    list_filter = ("state", "number")
