"""Live chat in the admin."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.errors import InvalidInput
from tickets.choices import ChannelKind
from tickets.models import BotAnswer, Channel, Chat, ChatAcknowledgement, ChatSettings, ChatVisitor
from tickets.services.chat import visitors


@admin.register(ChatSettings)
class ChatSettingsAdmin(ServiceAdmin):
    """Which pages may embed a channel, what it says, and whether the bot answers."""

    list_display = ("channel", "title", "is_bot_on")
    list_select_related = ("channel",)
    fields = ("channel", "title", "origins", "acknowledgement", "is_bot_on")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("channel",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "channel":
            kwargs["queryset"] = Channel.objects.filter(kind=ChannelKind.CHAT, chat=None).defer("secret")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)

        def clean_origins(self: Any) -> list[str]:
            """A wrong address is told beside its field."""
            try:
                return visitors.clean_origins(self.cleaned_data.get("origins") or [])
            except InvalidInput as error:
                raise ValidationError(error.message) from error

        form.clean_origins = clean_origins
        return form

    def save_model(self, request: HttpRequest, obj: ChatSettings, form: Any, change: bool) -> None:
        names = ("title", "origins", "acknowledgement", "is_bot_on")
        values = {name: getattr(obj, name) for name in names}
        saved = visitors.save_settings(channel=obj.channel, actor=cast(Any, request.user), values=values)
        obj.pk = saved.pk

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    list_display = ("id", "ticket", "channel", "began_with_bot", "handed_over_at", "handover_reason", "started_at")
    list_filter = ("channel", "began_with_bot", "handover_reason")
    list_select_related = ("ticket", "channel")
    fields = ("ticket", "channel", "began_with_bot", "handed_over_at", "handover_reason", "started_at")


@admin.register(BotAnswer)
class BotAnswerAdmin(ReadOnlyAdmin):
    seen_through = ("chat",)
    list_display = ("id", "version", "confidence", "is_helpful", "solved_at", "transferred_at", "at")
    list_select_related = ("version",)
    fields = ("version", "confidence", "is_helpful", "solved_at", "transferred_at", "at")


@admin.register(ChatAcknowledgement)
class ChatAcknowledgementAdmin(ReadOnlyAdmin):
    seen_through = ("chat",)
    list_display = ("id", "latency_ms", "at")
    fields = ("latency_ms", "at")


@admin.register(ChatVisitor)
class ChatVisitorAdmin(ReadOnlyAdmin):
    list_display = ("id", "channel", "created_at")
    list_select_related = ("channel",)
    fields = ("channel", "created_at")
