"""What customers agreed to, word for word, and what they took back."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.events.models import AppendOnlyError
from customers.choices import ConsentChannel, ConsentDecision, ConsentPurpose
from customers.querysets import ConsentQuerySet


class ConsentRecord(models.Model):
    """One statement of a customer about one purpose. The newest by `at` is what holds.

    A trigger in the database refuses every change but that of the customer (two records that
    become one) and every deletion. `evidence` says where the proof is, never personal data.
    """

    customer = models.ForeignKey(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.PROTECT, related_name="consents"
    )
    purpose = models.CharField(_("用途"), max_length=20, choices=ConsentPurpose.choices)
    decision = models.CharField(_("表示"), max_length=10, choices=ConsentDecision.choices)
    channel = models.CharField(_("方式"), max_length=10, choices=ConsentChannel.choices)
    is_asked = models.BooleanField(_("由我方询问"), default=False)
    wording = models.TextField(_("告知内容"), blank=True, default="")
    wording_version = models.CharField(_("告知版本"), max_length=50, blank=True, default="")
    evidence = models.CharField(_("凭证"), max_length=300, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("登记人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("表示时间"))
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("同意记录")
        verbose_name_plural = pgettext_lazy("many", "同意记录")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="consent_decision_known", condition=models.Q(decision__in=ConsentDecision.values)
            ),
        ]
        indexes = [models.Index(fields=["customer", "purpose", "-at", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.get_decision_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Consent records are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Consent records are never deleted.")
