from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField
from crm.followups.choices import PlanTrigger, SkipReason, VisitOutcome, VisitStatus
from crm.followups.querysets import FollowUpVisitQuerySet, SurveyInvitationQuerySet


class FollowupSettings(models.Model):
    """How the team asks for feedback; one row."""

    is_survey_on = models.BooleanField(_("解决后邀请评价"), default=True)
    survey_days = models.PositiveSmallIntegerField(
        _("评价链接有效天数"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    low_score = models.PositiveSmallIntegerField(
        _("不满意分数线"), default=2, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    attempts_max = models.PositiveSmallIntegerField(
        _("回访最多次数"), default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    retry_hours = models.PositiveSmallIntegerField(
        _("未接通后再次回访间隔（小时）"), default=24, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )

    class Meta:
        verbose_name = _("评价与回访设置")
        verbose_name_plural = pgettext_lazy("many", "评价与回访设置")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="followups_settings_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> "FollowupSettings":
        """The row, or the defaults while nobody has saved one."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class FollowUpPlan(models.Model):
    """A rule that plans visits: so many days after something, for the tickets its condition matches."""

    key = models.SlugField(_("代号"), max_length=100, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    trigger = models.CharField(_("触发"), max_length=20, choices=PlanTrigger.choices, default=PlanTrigger.TICKET_CLOSED)
    delay_days = models.PositiveSmallIntegerField(_("间隔天数"), default=3, validators=[MaxValueValidator(365)])
    condition = models.JSONField(
        _("条件"), default=dict, blank=True, help_text=_("仅用于工单关闭后的计划；{} 匹配全部工单。")
    )
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("回访计划")
        verbose_name_plural = pgettext_lazy("many", "回访计划")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FollowUpVisit(EncryptedRow):
    """One call-back (回访). `key` makes a rule plan the same visit only once."""

    key = models.CharField(max_length=200, unique=True, null=True, editable=False)
    ticket = models.ForeignKey(
        "tickets.Ticket", models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("工单")
    )
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="visits", verbose_name=_("客户"))
    plan = models.ForeignKey(
        FollowUpPlan, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("回访计划")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up_visits",
        verbose_name=_("负责人"),
    )
    status = models.CharField(_("状态"), max_length=10, choices=VisitStatus.choices, default=VisitStatus.PLANNED)
    skip_reason = models.CharField(_("跳过原因"), max_length=20, choices=SkipReason.choices, blank=True)
    outcome = models.CharField(_("结果"), max_length=12, choices=VisitOutcome.choices, blank=True)
    note = WrittenTextField(_("备注"), blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("已回访次数"), default=0)
    due_at = models.DateTimeField(_("应回访时间"))
    planned_from = models.DateTimeField(_("起算时间"), default=clock.now, editable=False)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    completed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("完成人")
    )
    follow_up_ticket = models.ForeignKey(
        "tickets.Ticket", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("后续工单")
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects = FollowUpVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("回访")
        verbose_name_plural = pgettext_lazy("many", "回访")
        ordering = ["due_at", "id"]
        permissions = [("complete_followupvisit", _("可完成回访"))]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="done") | (Q(done_at__isnull=False) & ~Q(outcome="")),
                name="followups_visit_done_has_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(status="skipped") | ~Q(skip_reason=""), name="followups_visit_skip_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(status="planned"), name="followups_visit_planned"),
            models.Index(fields=["due_at", "id"], name="followups_visit_due"),
            models.Index(fields=["-done_at", "-id"], condition=Q(status="done"), name="followups_visit_done"),
            models.Index(
                fields=["-due_at", "-id"],
                condition=Q(status__in=["skipped", "cancelled"]),
                name="followups_visit_dropped",
            ),
            models.Index(fields=["ticket", "id"], name="followups_visit_ticket"),
            models.Index(fields=["customer", "id"], name="followups_visit_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.due_at:%F} {self.get_status_display()}"

    @property
    def audience(self) -> list[str]:
        """Who hears of it live: those who see the ticket's queue, and whoever shall make the call."""
        keys = self.ticket.audience if self.ticket is not None else []
        caller = [f"user:{self.assignee_id}"] if self.assignee_id else []
        return list(dict.fromkeys([*keys, *caller]))


class SurveyInvitation(models.Model):
    """A customer asked for a score when a ticket was solved: once for each time it was solved.

    The people and the queue of that moment stay here, so that scores count for who did the work.
    """

    invitation = models.OneToOneField("core.Invitation", models.PROTECT, related_name="survey", verbose_name=_("邀请"))
    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="surveys", verbose_name=_("工单"))
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+", verbose_name=_("客户"))
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    queue = models.ForeignKey("tickets.Queue", models.PROTECT, related_name="+", verbose_name=_("队列"))
    solve_number = models.PositiveSmallIntegerField(_("第几次解决"))
    solved_at = models.DateTimeField(_("解决时间"))
    score = models.SmallIntegerField(_("分数"), null=True, blank=True)
    answered_at = models.DateTimeField(_("回答时间"), null=True, blank=True)

    objects = SurveyInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("满意度评价")
        verbose_name_plural = pgettext_lazy("many", "满意度评价")
        ordering = ["-id"]
        permissions = [("view_surveyresponse", _("可查看评价内容"))]
        constraints = [models.UniqueConstraint(fields=["ticket", "solve_number"], name="followups_survey_once_a_solve")]
        indexes = [
            models.Index(
                fields=["answered_at"], condition=Q(answered_at__isnull=False), name="followups_survey_answered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} #{self.solve_number}"
