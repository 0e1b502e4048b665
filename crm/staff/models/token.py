"""Keys of other systems."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.staff.querysets import ApiTokenQuerySet


class ApiToken(models.Model):
    """A key that speaks for its person. Only its digest is stored; the key is shown once."""

    user = models.ForeignKey("staff.User", verbose_name=_("员工"), on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("名称"), max_length=100, blank=True)
    prefix = models.CharField(_("开头"), max_length=16)
    digest = models.CharField(_("摘要"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("创建时间"))
    expires_at = models.DateTimeField(_("到期时间"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)

    objects: ClassVar = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = pgettext_lazy("many", "接口令牌")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name or self.prefix}…"

    def works_at(self, moment: datetime) -> bool:
        """Neither revoked nor expired at the moment; the key's last second is the one before `expires_at`."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)
