"""Counts by day, and how far channels may differ."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.fields import UpdatedAtField
from crm.insights.querysets import CountQuerySet, DayCountQuerySet


class DayCount(models.Model):
    """How often something happened on a day of Shanghai, by queue and channel.

    Kept by the event consumer `insights.days` and made anew from events by `rebuild_day_counts`.
    History outlives the rows it names, so the keys are not constraints.
    """

    day = models.DateField(_("日期"))
    queue = models.ForeignKey(
        "tickets.Queue",
        models.DO_NOTHING,
        verbose_name=_("队列"),
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    channel = models.ForeignKey(
        "tickets.Channel",
        models.DO_NOTHING,
        verbose_name=_("渠道"),
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    metric = models.CharField(_("指标"), max_length=64)
    value = models.BigIntegerField(_("数值"))

    objects = DayCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("每日统计")
        verbose_name_plural = pgettext_lazy("many", "每日统计")
        ordering = ["day", "metric"]
        permissions = [("view_report", _("可查看报表"))]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "queue", "channel", "metric"], nulls_distinct=False, name="insights_daycount_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.metric} {self.value}"


class PersonDayCount(models.Model):
    """The same counts by the person who did it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        verbose_name=_("员工"),
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    day = models.DateField(_("日期"))
    metric = models.CharField(_("指标"), max_length=64)
    value = models.BigIntegerField(_("数值"))

    objects = CountQuerySet.as_manager()

    class Meta:
        verbose_name = _("员工每日统计")
        verbose_name_plural = pgettext_lazy("many", "员工每日统计")
        ordering = ["day", "metric"]
        constraints = [models.UniqueConstraint(fields=["person", "day", "metric"], name="insights_persondaycount_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.person_id} {self.metric} {self.value}"


class ChannelTolerance(models.Model):
    """How many percentage points a channel may differ from the others before it is flagged (capability B04)."""

    metric = models.CharField(_("指标"), max_length=64, unique=True)
    points = models.DecimalField(
        _("容差（百分点）"),
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("渠道差异容差")
        verbose_name_plural = pgettext_lazy("many", "渠道差异容差")
        ordering = ["metric"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(points__gte=0, points__lte=100), name="insights_tolerance_in_percent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric} ±{self.points}"
