"""How grave a complaint is (投诉分级), and when it is raised (升级)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from tickets.grading.choices import GradeSource, TargetRole, TriggerKind
from tickets.grading.querysets import EscalationQuerySet, GradeQuerySet
from tickets.models.channel import Queue
from tickets.models.ticket import Ticket


class ComplaintLevel(models.Model):
    """A level of the pyramid. Of the active ones the gravest whose condition holds is the complaint's."""

    key = models.SlugField(_("编号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=50, unique=True)
    rank = models.PositiveSmallIntegerField(_("级别"), unique=True, help_text=_("数字越大越严重。"))
    condition = models.JSONField(_("条件"), default=dict, blank=True)
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("处理队列"),
        help_text=_("留空则留在原队列。"),
    )
    is_for_specialists = models.BooleanField(_("仅专人可结案"), default=False)
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("投诉级别")
        verbose_name_plural = pgettext_lazy("many", "投诉级别")
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name


class ComplaintGrade(models.Model):
    """The level of one complaint now."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="grade", verbose_name=_("工单"))
    level = models.ForeignKey(ComplaintLevel, models.PROTECT, related_name="+", verbose_name=_("级别"))
    source = models.CharField(_("来源"), max_length=10, choices=GradeSource, default=GradeSource.RULE)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("定级人")
    )
    # The moment of the complaint: the pyramid counts by it without reading the tickets.
    received_at = models.DateTimeField(_("受理时间"))
    graded_at = models.DateTimeField(_("定级时间"), default=clock.now)

    objects = GradeQuerySet.as_manager()

    class Meta:
        verbose_name = _("投诉定级")
        verbose_name_plural = pgettext_lazy("many", "投诉定级")
        permissions: ClassVar = [("end_major_complaint", _("可结束专人处理的投诉"))]
        indexes: ClassVar = [models.Index(fields=["level", "-received_at", "-id"], name="complaint_grade_level")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.level_id}"


class EscalationTrigger(models.Model):
    """What raises a ticket: to whom, by when they must take it up, and what they are told."""

    kind = models.CharField(_("触发条件"), max_length=20, choices=TriggerKind, unique=True)
    threshold = models.DecimalField(
        _("阈值"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("金额（元）、相似投诉件数或重开次数。"),
    )
    window_hours = models.PositiveIntegerField(_("统计时长（小时）"), null=True, blank=True)
    target_role = models.CharField(_("升级到"), max_length=20, choices=TargetRole, default=TargetRole.SUPERVISOR)
    within_minutes = models.PositiveIntegerField(_("接手时限（分钟）"), default=60)
    notice = models.CharField(_("通知内容"), max_length=200)
    level = models.ForeignKey(
        ComplaintLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("至少定为"),
        help_text=_("投诉级别不低于此级；留空不改变级别。"),
    )
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("升级触发条件")
        verbose_name_plural = pgettext_lazy("many", "升级触发条件")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.get_kind_display()


class Escalation(models.Model):
    """A ticket that was raised. It ends only with a reason and somebody else's approval."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="escalations", verbose_name=_("工单"))
    trigger = models.ForeignKey(EscalationTrigger, models.PROTECT, related_name="+", verbose_name=_("触发条件"))
    detail = models.CharField(_("说明"), max_length=200, blank=True)
    target_role = models.CharField(_("升级到"), max_length=20, choices=TargetRole)
    was_priority = models.CharField(_("原优先级"), max_length=10)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发起人")
    )
    raised_at = models.DateTimeField(_("升级时间"), default=clock.now)
    due_at = models.DateTimeField(_("接手时限"))
    taken_at = models.DateTimeField(_("接手时间"), null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("接手人")
    )
    late_at = models.DateTimeField(_("超时自"), null=True, blank=True)
    reason = models.CharField(_("降级原因"), max_length=300, blank=True)
    approval = models.OneToOneField(
        "core.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="escalation",
        verbose_name=_("降级审批"),
    )
    ended_at = models.DateTimeField(_("降级时间"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("批准人")
    )

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("升级记录")
        verbose_name_plural = pgettext_lazy("many", "升级记录")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ticket", "trigger"], condition=Q(ended_at__isnull=True), name="escalation_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | (~Q(reason="") & Q(ended_by__isnull=False)),
                name="escalation_ended_with_reason_and_approver",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(ended_at__isnull=True), name="escalation_active"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.trigger_id}"

    @property
    def is_active(self) -> bool:
        return self.ended_at is None
