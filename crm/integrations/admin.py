from typing import cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.admin_bases import ServiceAdmin
from core.errors import DomainError
from core.outbound import AddressRefused, resolve
from core.wording import explained
from crm.integrations.catalogue import EVENT_NAMES
from crm.integrations.models import Webhook
from crm.integrations.services import create_webhook, delete_webhook, enable_webhook
from crm.staff.models import User


class WebhookForm(forms.ModelForm):
    events = forms.MultipleChoiceField(
        label=pgettext_lazy("many", "事件"),
        choices=[(name, name) for name in EVENT_NAMES],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Webhook
        fields = ["url", "events"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            resolve(url, allow=settings.WEBHOOK_ALLOW)
        except AddressRefused as refused:
            raise forms.ValidationError(refused.message, code=refused.code) from refused
        return url


@admin.register(Webhook)
class WebhookAdmin(ServiceAdmin):
    """Set up and taken down through the services; an address is replaced, not edited."""

    form = WebhookForm
    list_display = ["url", "events", "created_at", "last_success_at", "failing_since", "disabled_at"]
    readonly_fields = ["created_by", "created_at", "last_success_at", "failing_since", "disabled_at"]
    actions = ["enable", "take_down"]

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:
        return ["url", "events", *(self.readonly_fields if obj else [])]

    def has_change_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Webhook, form: forms.ModelForm, change: bool) -> None:
        webhook, secret = create_webhook(
            url=form.cleaned_data["url"], events=form.cleaned_data["events"], actor=cast(User, request.user)
        )
        obj.pk, obj.row_key = webhook.pk, webhook.row_key
        self.message_user(request, _("签名密钥（只显示这一次）：%s") % secret, messages.WARNING)

    def has_enable_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_webhook")

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.delete_webhook")

    @admin.action(description=_("重新启用"), permissions=["enable"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                enable_webhook(webhook=webhook, actor=cast(User, request.user))
            except DomainError as error:
                self.message_user(request, explained(webhook.url, error.message), messages.ERROR)

    @admin.action(description=_("删除"), permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            delete_webhook(webhook=webhook, actor=cast(User, request.user))
