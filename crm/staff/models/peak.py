"""大促模式: another way of working for a while."""

from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from crm.staff.querysets import PeakPlanQuerySet


class PeakPlan(models.Model):
    """From–to with other words, limits and shifts.

    Whether it is in force follows from the row and the clock alone. Nothing is overwritten when it
    begins, so there is nothing to put back when it ends, whoever dies in between.
    """

    name = models.CharField(_("名称"), max_length=100)
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    greeting = models.CharField(
        _("问候语"), max_length=500, blank=True, help_text=_("代替平时的问候与自动确认；留空则不变。")
    )
    limit_percent = models.PositiveSmallIntegerField(
        _("接待上限"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text=_("平时最大接待数的百分比，向上取整。"),
    )
    sla_note = models.CharField(
        _("时效说明"), max_length=200, blank=True, help_text=_("显示在客户页面和工作台；留空则不显示。")
    )
    template = models.ForeignKey(
        "staff.ShiftTemplate",
        verbose_name=_("排班模板"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("大促期间按此模板排班，平时的班次暂不生效；留空则不变。"),
    )
    stopped_at = models.DateTimeField(_("提前结束时间"), null=True, blank=True)
    stopped_by = models.ForeignKey(
        "staff.User", verbose_name=_("提前结束人"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(
        "staff.User", verbose_name=_("创建人"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects: ClassVar = PeakPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("大促计划")
        verbose_name_plural = pgettext_lazy("many", "大促计划")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="staff_peak_order"),
            models.CheckConstraint(
                condition=Q(limit_percent__gte=1, limit_percent__lte=500), name="staff_peak_limit_percent"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(stopped_at__isnull=True), name="staff_peak_ahead")]

    def __str__(self) -> str:
        return self.name

    @property
    def closes_at(self) -> datetime:
        """When it ends, or was ended by hand."""
        return min(self.ends_at, self.stopped_at) if self.stopped_at else self.ends_at

    @property
    def state(self) -> str:
        """ahead, running, over or stopped, at this moment."""
        now = clock.now()
        if self.stopped_at is not None:
            return "stopped"
        return "ahead" if now < self.starts_at else "running" if now < self.ends_at else "over"
