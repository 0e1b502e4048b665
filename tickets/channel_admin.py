"""Channels in the admin: kind, preset, and the settings of the kind, whose secrets are typed and never shown."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.admin_bases import ServiceAdmin
from core.errors import DomainError
from tickets import channels
from tickets.channels.presets import CHOICES
from tickets.models import Channel
from tickets.services import channel_settings, rules

_SETTINGS = {setting.name: setting for kind in channels.KINDS.values() for setting in kind.settings}


def _field(setting: channels.Setting) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget if setting.is_secret else UnfoldAdminTextInputWidget
    return forms.CharField(label=cast(Any, setting.label), required=False, widget=widget)


#: A field for every setting of every kind, so that a new kind's settings are on the page by themselves.
_SettingFields = type(
    "_SettingFields", (forms.ModelForm,), {name: _field(setting) for name, setting in _SETTINGS.items()}
)


class ChannelForm(_SettingFields):  # type: ignore[misc, valid-type]
    """The settings of all kinds are offered; a kind refuses those that are not its own."""

    preset = forms.ChoiceField(
        label=_("平台预设"),
        choices=[("", _("无")), *CHOICES],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("店铺平台渠道：用该平台的字段名，并带上它的考核规则。"),
    )

    class Meta:
        model = Channel
        fields = ("name", "key", "kind", "preset", "shop", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = channel_settings.shown(self.instance) if self.instance.pk else {}
        for name, setting in _SETTINGS.items():
            field = self.fields[name]
            if not setting.is_secret:
                field.initial = shown.get(name, "")
            elif shown.get(name):
                field.help_text = _("已填写；留空不变。")

    def given(self) -> dict[str, str]:
        """What was typed: an emptied plain value is taken away, an empty secret stays as it is."""
        typed = {name: (self.cleaned_data.get(name) or "").strip() for name in _SETTINGS}
        own = {setting.name for setting in channels.of(self.cleaned_data.get("kind") or Channel().kind).settings}
        return {
            name: value for name, value in typed.items() if value or (name in own and not _SETTINGS[name].is_secret)
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        probe = Channel(kind=cleaned.get("kind") or "other", config=self.instance.config if self.instance.pk else None)
        try:
            channel_settings.merged(probe, self.given())
        except DomainError as error:
            raise forms.ValidationError(error.fields.get("settings", [error.message])) from error
        if cleaned.get("preset") and probe.kind != "shop":
            self.add_error("preset", _("只有店铺平台渠道可以选平台预设。"))
        return cleaned


@admin.register(Channel)
class ChannelAdmin(ServiceAdmin):
    form = ChannelForm
    list_display = ("name", "key", "kind", "preset", "shop", "is_active", "lacks", "trouble")
    list_filter = ("kind", "is_active")
    list_select_related = ("shop",)
    fieldsets = (
        (None, {"fields": ("name", "key", "kind", "preset", "shop", "is_active")}),
        (_("微信公众号参数"), {"fields": tuple(_SETTINGS)}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        return False

    @admin.display(description=_("待填写"))
    def lacks(self, channel: Channel) -> str:
        return "、".join(str(setting.label) for setting in channel_settings.missing(channel)) or "—"

    @admin.display(description=_("故障"))
    def trouble(self, channel: Channel) -> str:
        return " ".join(filter(None, (channel.receiving_error, channel.sending_error))) or "—"

    def save_model(self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool) -> None:
        rules.save_channel(channel=obj, actor=cast(Any, request.user), settings=form.given())
