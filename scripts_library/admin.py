"""Scripts in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin
from core.versions.admin import ItemAdmin, VersionAdmin, VersionForm, VersionInline
from scripts_library import services
from scripts_library.choices import TICKET_TYPES
from scripts_library.models import ScriptExample, ScriptTemplate, ScriptUsage, ScriptVersion
from scripts_library.placeholders import PLACEHOLDERS


class ScriptForm(forms.ModelForm):
    ticket_types = forms.MultipleChoiceField(
        label=_("适用工单类型"),
        choices=TICKET_TYPES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("留空表示都适用"),
    )


class ScriptVersionInline(VersionInline):
    model = ScriptVersion


@admin.register(ScriptTemplate)
class ScriptTemplateAdmin(ItemAdmin):
    form = ScriptForm
    list_display = ("key", "title", "kind", "topic", "anger_level", "shop", "live_link", "owner", "updated_at")
    list_filter = ("kind", "anger_level", "topic", "shop")
    search_fields = ("key", "title")
    list_select_related = ("live_version", "owner", "shop")
    fields = (
        "key",
        "title",
        ("kind", "topic"),
        "anger_level",
        "ticket_types",
        "shop",
        "owner",
        "live_link",
        ("created_at", "updated_at"),
    )
    inlines = (ScriptVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> ScriptTemplate:
        return services.create_script(actor=actor, **values)

    @staticmethod
    def change(script: ScriptTemplate, actor: Any, changes: dict[str, Any]) -> ScriptTemplate:
        return services.update_script(script=script, actor=actor, changes=changes)


class ScriptVersionForm(VersionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "body" in self.fields:
            names = "　".join(f"{{{{{name}}}}} {label}" for name, label in PLACEHOLDERS.items())
            self.fields["body"].help_text = _("可用占位符：%(names)s") % {"names": names}


@admin.register(ScriptVersion)
class ScriptVersionAdmin(VersionAdmin):
    form = ScriptVersionForm
    words = (*VersionAdmin.words, "steps")


@admin.register(ScriptUsage)
class ScriptUsageAdmin(ReadOnlyAdmin):
    list_display = ("version", "subject_id", "actor", "used_at", "is_edited")
    list_filter = ("is_edited",)
    list_select_related = ("version", "actor")


@admin.register(ScriptExample)
class ScriptExampleAdmin(ReadOnlyAdmin):
    list_display = ("script", "source", "learned_at")
    list_filter = ("source",)
    list_select_related = ("script",)
    fields = ("script", "source", "learned_at")
