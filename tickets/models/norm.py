"""Service norms: what every stage owes besides its target time, and where it was not met."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from tickets.choices import STAGE_OF_METRIC, BreachKind, BreachSource, NormStage
from tickets.models.channel import Queue
from tickets.models.sla import SLAClock
from tickets.models.ticket import Ticket
from tickets.querysets import NormBreachQuerySet

#: Stages that an SLA clock measures: their target time stands in the SLA policy and nowhere else.
CLOCKED_STAGES = tuple(sorted({str(stage) for stage in STAGE_OF_METRIC.values()}))


class StageNorm(models.Model):
    """One quality item of a stage: what must be true when the stage ends, for the tickets in its scope.

    `seconds` is the target time of a stage that no SLA clock measures, reckoned from the solution
    around the clock. An empty requirement is judged by people alone.
    """

    stage = models.CharField(_("阶段"), max_length=10, choices=NormStage)
    name = models.CharField(_("质量项"), max_length=100, unique=True)
    standard = models.CharField(_("评判标准"), max_length=500, blank=True, help_text=_("给人看的一句话：怎样算达标。"))
    scope = models.JSONField(_("适用工单"), default=dict, blank=True, help_text=_("{} 适用于全部工单。"))
    requirement = models.JSONField(
        _("达标条件"), default=dict, blank=True, help_text=_("阶段结束时自动检查；{} 只由人工评判。")
    )
    seconds = models.PositiveIntegerField(
        _("目标秒数"),
        null=True,
        blank=True,
        help_text=_("只用于反馈与评价，从解决时起算；受理与处理的目标时间在时效策略里设置。"),
    )
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("服务规范")
        verbose_name_plural = pgettext_lazy("many", "服务规范")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(seconds__isnull=True) | (Q(seconds__gt=0) & ~Q(stage__in=CLOCKED_STAGES)),
                name="stage_norm_own_time_only_without_clock",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} · {self.name}"


class NormBreach(models.Model):
    """A norm that was not met: by a clock, by an automatic check, or as somebody saw it.

    `key` makes every finding once: a clock, a limit of an after-sales request, or a norm on a round of a
    ticket. Queue and assignee are those of that moment. A withdrawn row stays and is not counted.
    """

    key = models.CharField(max_length=100, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="norm_breaches", verbose_name=_("工单"))
    stage = models.CharField(_("阶段"), max_length=10, choices=NormStage)
    kind = models.CharField(_("类型"), max_length=10, choices=BreachKind)
    source = models.CharField(_("来源"), max_length=10, choices=BreachSource)
    norm = models.ForeignKey(
        StageNorm, on_delete=models.PROTECT, null=True, blank=True, related_name="breaches", verbose_name=_("服务规范")
    )
    sla_clock = models.OneToOneField(
        SLAClock,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="norm_breach",
        verbose_name=_("时效时钟"),
    )
    aftersales = models.ForeignKey(
        "tickets.AfterSales",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="norm_breaches",
        verbose_name=_("售后单"),
        db_index=False,
    )
    at = models.DateTimeField(_("时间"))
    recorded_at = models.DateTimeField(_("记录时间"), default=clock.now, editable=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", verbose_name=_("队列"), db_index=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="norm_breaches",
        verbose_name=_("负责人"),
        db_index=False,
    )
    reason = models.CharField(_("原因"), max_length=500, blank=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("标记人"),
    )
    objection = models.CharField(_("异议"), max_length=500, blank=True)
    objected_at = models.DateTimeField(_("异议时间"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("撤销人"),
    )
    withdrawal = models.CharField(_("撤销原因"), max_length=500, blank=True)

    objects = NormBreachQuerySet.as_manager()

    class Meta:
        verbose_name = _("未达标")
        verbose_name_plural = pgettext_lazy("many", "未达标")
        ordering = ["-at", "-id"]
        permissions = [
            ("judge_normbreach", _("可标记与撤销未达标")),
            ("object_normbreach", _("可对未达标提出异议")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="time", sla_clock__isnull=False)
                | Q(kind="aftersales", aftersales__isnull=False)
                | Q(norm__isnull=False),
                name="norm_breach_has_what_was_owed",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawal=""), name="norm_breach_withdrawn_with_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="norm_breach_newest"),
            models.Index(fields=["queue", "-at", "-id"], name="norm_breach_queue"),
            models.Index(fields=["assignee", "-at", "-id"], name="norm_breach_assignee"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} · {self.title}"

    @property
    def title(self) -> str:
        """What was not met: the clock's metric, the limit of an after-sales request, or the quality item."""
        if self.sla_clock is not None:
            return str(self.sla_clock.get_metric_display())
        if self.aftersales is not None:
            return f"{self.aftersales.get_kind_display()} #{self.aftersales_id}"
        return self.norm.name if self.norm is not None else ""

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
