"""Two records that turned out to be one person."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.privacy import EncryptedRow, EncryptedTextField

UNDO_PERIOD = timedelta(days=30)


class CustomerMerge(EncryptedRow):
    """A merge of `source` into `target` and what is needed to take it back."""

    source = models.ForeignKey(
        "customers.Customer", verbose_name=_("被合并客户"), on_delete=models.PROTECT, related_name="merges_away"
    )
    target = models.ForeignKey(
        "customers.Customer", verbose_name=_("保留客户"), on_delete=models.PROTECT, related_name="merges_in"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("操作人"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # JSON text: former field values (personal data, hence encrypted) and ids of the rows that were moved.
    undo = EncryptedTextField(_("撤销数据"), default="")
    merged_at = models.DateTimeField(_("合并时间"))
    undone_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("客户合并记录")
        verbose_name_plural = pgettext_lazy("many", "客户合并记录")
        ordering = ["-merged_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], name="customer_merged_away_once", condition=models.Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(name="customer_merge_two_records", condition=~models.Q(source=models.F("target"))),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"

    @property
    def undo_until(self) -> datetime:
        """The first moment at which the merge can no longer be undone."""
        return self.merged_at + UNDO_PERIOD
