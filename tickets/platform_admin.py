"""Norms of platforms in the admin."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from tickets.models import ChannelAccess, ChannelContact, PlatformDay, PlatformNorm, PlatformTurn
from tickets.services.platform_norms import configuring


@admin.register(PlatformNorm)
class PlatformNormAdmin(ServiceAdmin):
    list_display = ("name", "platform", "seconds", "hours", "unit", "target", "window_days", "confidence", "is_active")
    list_filter = ("platform", "confidence", "is_active")
    fieldsets = (
        (None, {"fields": ("platform", "name", "unit", "seconds", "opens_minute", "closes_minute")}),
        (_("目标"), {"fields": ("target", "window_days", "effective_from", "is_active")}),
        (_("来源"), {"fields": ("code", "definition", "source", "confidence", "review_on")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: PlatformNorm | None = None) -> bool:
        """What was counted by it would be gone; it can be switched off."""
        return False

    @admin.display(description=_("考核时段"))
    def hours(self, norm: PlatformNorm) -> str:
        opens, closes = divmod(norm.opens_minute, 60), divmod(norm.closes_minute, 60)
        return f"{opens[0]:02}:{opens[1]:02}–{closes[0]:02}:{closes[1]:02}"

    def save_model(self, request: HttpRequest, obj: PlatformNorm, form: Any, change: bool) -> None:
        configuring.save_norm(norm=obj, actor=cast(Any, request.user), values={})


@admin.register(PlatformDay)
class PlatformDayAdmin(ReadOnlyAdmin):
    list_display = ("on", "norm", "shop", "agent", "asked", "met", "late")
    list_filter = ("norm",)
    list_select_related = ("norm", "shop", "agent")


@admin.register(PlatformTurn)
class PlatformTurnAdmin(ReadOnlyAdmin):
    list_display = ("asked_at", "norm", "ticket", "agent", "due_at", "answered_at")
    list_select_related = ("norm", "ticket", "agent")
    ordering = ("-id",)


@admin.register(ChannelContact)
class ChannelContactAdmin(ReadOnlyAdmin):
    list_display = ("channel", "ticket", "last_wrote_at")
    list_select_related = ("channel", "ticket")
    ordering = ("-id",)
    exclude = ("external_id",)


@admin.register(ChannelAccess)
class ChannelAccessAdmin(ReadOnlyAdmin):
    list_display = ("channel", "refreshed_at", "expires_at")
    list_select_related = ("channel",)
    # SECURITY: whoever has the token speaks for the account.
    exclude = ("token",)
