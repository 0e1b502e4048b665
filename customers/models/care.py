"""What colleagues should know when they speak with a customer: what they like, and what not to say."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField
from customers.choices import CareKind


class CareNote(EncryptedRow):
    """One thing somebody learned about a customer, with who and when. It holds until somebody ends it."""

    customer = models.ForeignKey(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.PROTECT, related_name="care_notes"
    )
    kind = models.CharField(_("类型"), max_length=12, choices=CareKind.choices)
    text = EncryptedTextField(_("内容"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("登记人"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)
    ended_at = models.DateTimeField(_("失效时间"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("失效操作人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("服务提示")
        verbose_name_plural = pgettext_lazy("many", "服务提示")
        ordering = ["created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=CareKind.values), name="care_note_kind_known")]
        indexes = [models.Index(fields=["customer", "created_at"], condition=Q(ended_at=None), name="care_note_holds")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
