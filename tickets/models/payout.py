"""Money on its way to a customer: the columns that compensations and refunds share (capability D10)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class PaidOut(models.Model):
    """pending → paid, or failed and tried again, or reversed for good. Each moment is kept."""

    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("打款人")
    )
    paid_at = models.DateTimeField(_("打款时间"), null=True, blank=True)
    reference = models.CharField(_("打款流水号"), max_length=100, blank=True)
    failed_at = models.DateTimeField(_("失败时间"), null=True, blank=True)
    failure = models.CharField(_("失败原因"), max_length=200, blank=True, default="", db_default="")
    reversed_at = models.DateTimeField(_("冲正时间"), null=True, blank=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("冲正人"),
    )
    reversal = models.CharField(_("冲正原因"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        abstract = True
