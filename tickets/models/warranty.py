"""Warranty certificates by serial number, and the time a thing spent in repair (capability D07)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.aftersales_choices import WarrantyKind


class WarrantyQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "WarrantyQuerySet":
        """Certificates belong to things, not to people: whoever works with them sees them."""
        return self if user.is_active and user.has_perm("tickets.view_warranty") else self.none()


class Warranty(models.Model):
    """One plan for one serial number; a thing may have several."""

    serial = models.CharField(_("序列号"), max_length=100)
    kind = models.CharField(_("种类"), max_length=10, choices=WarrantyKind.choices, default=WarrantyKind.STATUTORY)
    certificate = models.CharField(_("凭证编号"), max_length=100, blank=True)
    sku = models.CharField(_("商品编码"), max_length=100, blank=True)
    starts_on = models.DateField(_("开始日期"), help_text=_("签收之日；需安装的商品从安装之日。"))
    months = models.PositiveSmallIntegerField(_("月数"))
    order = models.ForeignKey(
        "customers.Order", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("订单")
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人")
    )
    registered_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = WarrantyQuerySet.as_manager()

    class Meta:
        verbose_name = _("质保凭证")
        verbose_name_plural = pgettext_lazy("many", "质保凭证")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["serial", "kind", "starts_on"], name="warranty_plan_once"),
            models.CheckConstraint(condition=Q(months__gte=1, months__lte=240), name="warranty_months_range"),
        ]

    def __str__(self) -> str:
        return f"{self.serial} {self.get_kind_display()}"


class RepairPeriod(models.Model):
    """From the day a thing came in to be repaired until it went out: not counted as warranty."""

    serial = models.CharField(_("序列号"), max_length=100)
    aftersales = models.OneToOneField(
        "tickets.AfterSales", models.PROTECT, related_name="repair_period", verbose_name=_("售后单")
    )
    started_at = models.DateTimeField(_("开始时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("维修时段")
        verbose_name_plural = pgettext_lazy("many", "维修时段")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="repair_ends_after_start"
            )
        ]
        indexes = [models.Index(fields=["serial", "id"], name="repair_serial")]

    def __str__(self) -> str:
        return f"{self.serial} {self.started_at:%F}"
