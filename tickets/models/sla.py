"""Promises on time: policies, their targets, and one clock row per promise made."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from tickets.choices import Metric, Priority
from tickets.configuration import ConfigurationRow


def default_warnings() -> list[float]:
    return [0.5, 0.8]


class SLAPolicy(ConfigurationRow):
    """A set of targets for the tickets its condition matches; the lowest matching position wins."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    position = models.PositiveIntegerField(_("顺序"), unique=True, help_text=_("数字小的先比较，第一条匹配的生效。"))
    condition = models.JSONField(_("条件"), default=dict, blank=True)
    calendar = models.ForeignKey(
        "core.BusinessCalendar", verbose_name=_("工作日历"), on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField(_("启用"), default=True)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("时效策略")
        verbose_name_plural = pgettext_lazy("many", "时效策略")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class SLATarget(models.Model):
    """How many seconds of the policy's calendar a metric may take at a priority."""

    policy = models.ForeignKey(SLAPolicy, on_delete=models.CASCADE, related_name="targets")
    priority = models.CharField(_("优先级"), max_length=10, choices=Priority)
    metric = models.CharField(_("指标"), max_length=20, choices=Metric)
    seconds = models.PositiveIntegerField(_("秒数"))
    warn_at = models.JSONField(_("提醒比例"), default=default_warnings)

    class Meta:
        verbose_name = _("时效目标")
        verbose_name_plural = pgettext_lazy("many", "时效目标")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "priority", "metric"], name="sla_target_once"),
            models.CheckConstraint(condition=models.Q(seconds__gt=0), name="sla_target_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_priority_display()} · {self.get_metric_display()}"


class SLAClock(models.Model):
    """One promise on one ticket: when it began, when it is due, and how it ended.

    `due_at` is None while the clock is paused. A clock that ended (`met_at` or
    `cancelled_at`) is never recomputed, so a later change of calendar cannot rewrite it.
    """

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="clocks")
    metric = models.CharField(_("指标"), max_length=20, choices=Metric)
    cycle = models.PositiveIntegerField(_("轮次"), default=1)
    policy = models.ForeignKey(SLAPolicy, verbose_name=_("时效策略"), on_delete=models.PROTECT, related_name="+")
    policy_version = models.PositiveIntegerField(_("策略版本"))
    calendar = models.ForeignKey("core.BusinessCalendar", on_delete=models.PROTECT, related_name="+")
    seconds = models.PositiveIntegerField(_("目标秒数"))
    warn_at = models.JSONField(_("提醒比例"), default=default_warnings)
    started_at = models.DateTimeField(_("开始时间"))
    due_at = models.DateTimeField(_("截止时间"), null=True, blank=True)
    warned_at = models.JSONField(_("已提醒"), default=dict)
    met_at = models.DateTimeField(_("达成时间"), null=True, blank=True)
    breached_at = models.DateTimeField(_("超时时间"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("取消时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("时效时钟")
        verbose_name_plural = pgettext_lazy("many", "时效时钟")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "metric", "cycle"], name="sla_clock_once")]
        indexes = [
            models.Index(
                fields=["policy"],
                condition=models.Q(met_at=None, cancelled_at=None),
                name="sla_clock_running_policy",
            ),
            models.Index(
                fields=["calendar"],
                condition=models.Q(met_at=None, cancelled_at=None),
                name="sla_clock_running_calendar",
            ),
            models.Index(
                fields=["-breached_at"], condition=models.Q(breached_at__isnull=False), name="sla_clock_breached"
            ),
            models.Index(
                fields=["breached_at"],
                include=["ticket"],
                condition=models.Q(metric="resolution", breached_at__isnull=False),
                name="sla_clock_unsolved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()} #{self.cycle}"

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.cancelled_at is None

    def as_breach(self) -> dict[str, Any]:
        return {"metric": self.metric, "at": self.breached_at}


class TicketPause(models.Model):
    """A span during which the pausable clocks of a ticket stood still; open while `ended_at` is None."""

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="pauses")
    reason = models.CharField(_("原因"), max_length=20)
    started_at = models.DateTimeField(_("开始时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("暂停")
        verbose_name_plural = pgettext_lazy("many", "暂停")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=models.Q(ended_at=None), name="ticket_one_open_pause")
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%F %T}"
