"""Sampling rules, what they drew, and how often they looked."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from crm.performance.choices import SampleState
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User

CHECK_RIGHT = "performance.check_qualitysample"


class SamplingRule(models.Model):
    """Of the conversations that meet `condition` (and none before), `rate` (0–1) are drawn for a check."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    position = models.PositiveIntegerField(_("顺序"), unique=True, help_text=_("小的在前，第一条符合的生效"))
    condition = models.JSONField(_("条件"), default=dict, blank=True)
    rate = models.DecimalField(_("抽检率"), max_digits=5, decimal_places=4, help_text=_("0 到 1，例如 0.2 是 20%"))
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("抽检规则")
        verbose_name_plural = pgettext_lazy("many", "抽检规则")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=1), name="sampling_rate_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.name


class SamplingCount(models.Model):
    """How many conversations of a day fell under a rule, and how many of them were drawn."""

    rule = models.ForeignKey(SamplingRule, models.CASCADE, related_name="counts", verbose_name=_("抽检规则"))
    day = models.DateField(_("日期"))
    closed = models.PositiveIntegerField(_("关闭"), default=0)
    drawn = models.PositiveIntegerField(_("抽中"), default=0)

    class Meta:
        verbose_name = _("抽检计数")
        verbose_name_plural = pgettext_lazy("many", "抽检计数")
        constraints = [
            models.UniqueConstraint(fields=["rule", "day"], name="sampling_count_once"),
            models.CheckConstraint(condition=Q(drawn__lte=F("closed")), name="sampling_drawn_of_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.day}"


class QualitySampleQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "QualitySampleQuerySet":
        """Who checks sees those of tickets in sight; everybody else their own results, once they are there."""
        if not user.is_active or not user.has_perm("performance.view_qualitysample"):
            return self.none()
        if user.sees_everything or user.has_perm(CHECK_RIGHT):
            return self.filter(sight(user, "ticket__"))
        return self.filter(person=user, state=SampleState.CHECKED)

    def for_list(self) -> "QualitySampleQuerySet":
        return self.select_related("ticket", "rule", "person", "checker").defer("ticket__search")


class QualitySample(models.Model):
    """One conversation to be checked, drawn when it was first closed. `score` is percent of what could be had."""

    ticket = models.OneToOneField(
        "tickets.Ticket", models.PROTECT, related_name="quality_sample", verbose_name=_("工单"), editable=False
    )
    rule = models.ForeignKey(SamplingRule, models.PROTECT, related_name="samples", verbose_name=_("抽检规则"))
    rate = models.DecimalField(_("当时的抽检率"), max_digits=5, decimal_places=4)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("被检人")
    )
    state = models.CharField(_("状态"), max_length=10, choices=SampleState, default=SampleState.TO_CHECK)
    version = models.ForeignKey("core.QuestionnaireVersion", models.PROTECT, related_name="+", verbose_name=_("评分表"))
    invitation = models.OneToOneField(
        "core.Invitation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("评分")
    )
    score = models.DecimalField(_("得分"), max_digits=4, decimal_places=1, null=True, blank=True)
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("质检人")
    )
    drawn_at = models.DateTimeField(_("抽中时间"), default=clock.now, editable=False)
    checked_at = models.DateTimeField(_("质检时间"), null=True, blank=True)

    objects: ClassVar[Any] = QualitySampleQuerySet.as_manager()

    class Meta:
        verbose_name = _("质检样本")
        verbose_name_plural = pgettext_lazy("many", "质检样本")
        ordering = ["-id"]
        permissions = [("check_qualitysample", _("可质检会话"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="to_check", checked_at__isnull=True)
                | Q(state="checked", checked_at__isnull=False, score__isnull=False, checker__isnull=False),
                name="quality_sample_checked_whole",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=100), name="quality_sample_percent"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="quality_sample_state"),
            models.Index(fields=["person", "-id"], name="quality_sample_person"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.ticket_id}"
