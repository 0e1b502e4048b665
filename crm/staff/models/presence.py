"""Whether somebody is really there."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.staff.choices import AwayReason
from crm.staff.querysets import PresenceQuerySet


class Presence(models.Model):
    """The last sign of life of a person's pages and keys, and why they were last sent away.

    Apart from the account, because it is written all day: at most every 20 seconds a person.
    """

    user = models.OneToOneField(
        "staff.User", verbose_name=_("员工"), on_delete=models.CASCADE, primary_key=True, related_name="presence"
    )
    beat_at = models.DateTimeField(_("最近心跳"), null=True, blank=True)
    away_reason = models.CharField(_("离线原因"), max_length=12, choices=AwayReason.choices, blank=True)
    away_at = models.DateTimeField(_("离线时间"), null=True, blank=True)
    returned = models.PositiveIntegerField(_("退回会话数"), default=0)

    objects: ClassVar = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("在线心跳")
        verbose_name_plural = _("在线心跳")
        ordering = ["user_id"]

    def __str__(self) -> str:
        return f"{self.user_id}"
