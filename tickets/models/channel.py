"""Where tickets come from and where they wait: channels, queues, routing rules."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField
from tickets.choices import ChannelKind
from tickets.configuration import ConfigurationRow


class Channel(EncryptedRow, ConfigurationRow):
    """A way in. Adding one is a row; signed inbound posts use its secret."""

    key = models.CharField(_("代号"), max_length=100, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类型"), max_length=20, choices=ChannelKind, default=ChannelKind.OTHER)
    shop = models.ForeignKey(
        "customers.Shop", verbose_name=_("店铺"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    preset = models.CharField(
        _("平台预设"), max_length=30, blank=True, db_default="", help_text=_("店铺平台的字段与考核规则。")
    )
    secret = EncryptedTextField(_("签名密钥"), null=True, blank=True)
    config = EncryptedTextField(_("接入参数"), null=True, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    # Whether it works: see services/channel_health.py.
    receiving_failing_since = models.DateTimeField(_("收信失败始于"), null=True, blank=True, editable=False)
    receiving_error = models.CharField(
        _("收信错误"), max_length=300, blank=True, default="", db_default="", editable=False
    )
    sending_failing_since = models.DateTimeField(_("发送失败始于"), null=True, blank=True, editable=False)
    sending_error = models.CharField(
        _("发送错误"), max_length=300, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name = _("渠道")
        verbose_name_plural = pgettext_lazy("many", "渠道")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Queue(ConfigurationRow):
    """Where waiting tickets stand. Teams serve queues (staff.Team.queues)."""

    key = models.CharField(_("代号"), max_length=100, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    description = models.CharField(_("说明"), max_length=200, blank=True)
    position = models.PositiveIntegerField(_("顺序"), default=100)
    is_default = models.BooleanField(_("默认队列"), default=False, help_text=_("没有规则匹配的工单进入默认队列。"))
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("队列")
        verbose_name_plural = pgettext_lazy("many", "队列")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="queue_one_default"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.key:
            self.key = self.name
        super().save(*args, **kwargs)


class RoutingRule(ConfigurationRow):
    """The lowest matching position decides the queue, and may raise the priority."""

    name = models.CharField(_("名称"), max_length=100)
    position = models.PositiveIntegerField(_("顺序"), unique=True, help_text=_("数字小的先比较，第一条匹配的生效。"))
    condition = models.JSONField(_("条件"), default=dict, blank=True)
    queue = models.ForeignKey(Queue, verbose_name=_("队列"), on_delete=models.PROTECT, related_name="routing_rules")
    priority = models.CharField(_("优先级"), max_length=10, blank=True, help_text=_("留空则不改变优先级。"))
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("分派规则")
        verbose_name_plural = pgettext_lazy("many", "分派规则")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name
