from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.privacy.fields import EncryptedTextField
from core.privacy.rows import EncryptedRow
from crm.integrations.catalogue import EVENT_NAMES
from crm.integrations.querysets import WebhookQuerySet


class Webhook(EncryptedRow):
    """An address outside that is told of events."""

    url = models.URLField(_("地址"), max_length=2000)
    events = ArrayField(
        models.CharField(max_length=32, choices=[(name, name) for name in EVENT_NAMES]),
        verbose_name=pgettext_lazy("many", "事件"),
    )
    secret = EncryptedTextField(_("签名密钥"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("创建人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("创建时间"), db_default=Now())
    # The newest event when it was set up: what happened before is none of its business.
    after_event = models.BigIntegerField(default=0, editable=False)
    last_success_at = models.DateTimeField(_("最近成功"), null=True, blank=True)
    failing_since = models.DateTimeField(_("开始失败"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    # Kept for the history of what was sent; a deleted address receives nothing.
    deleted_at = models.DateTimeField(_("删除时间"), null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("Webhook")
        verbose_name_plural = pgettext_lazy("many", "Webhook")
        indexes = [
            models.Index(fields=["id"], name="webhook_listening", condition=Q(disabled_at=None, deleted_at=None))
        ]

    def __str__(self) -> str:
        return self.url
