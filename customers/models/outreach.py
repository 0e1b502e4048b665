"""What we tell customers without having been asked, row by row, and the rules of doing so."""

from datetime import time

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, WrittenTextField
from customers.outreach_choices import OutreachChannel, OutreachPurpose, OutreachReason, OutreachStatus
from customers.outreach_querysets import OutreachQuerySet


class OutreachSettings(models.Model):
    """When and how often customers may be disturbed; one row."""

    quiet_from = models.TimeField(_("安静时段开始"), default=time(21))
    quiet_to = models.TimeField(_("安静时段结束"), default=time(8))
    marketing_days = models.PositiveSmallIntegerField(
        _("营销：每渠道几天一次"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    notices_a_day = models.PositiveSmallIntegerField(
        _("服务通知：每人每天最多"), default=5, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    attempts_max = models.PositiveSmallIntegerField(
        _("人工联系最多次数"), default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    is_drill = models.BooleanField(
        _("演练模式"), default=False, help_text=_("开启后所有主动联系只做记录，不会发给客户。")
    )

    class Meta:
        verbose_name = _("主动联系设置")
        verbose_name_plural = pgettext_lazy("many", "主动联系设置")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="outreach_settings_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> "OutreachSettings":
        """The row, or the defaults while nobody has saved one."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Outreach(EncryptedRow):
    """One message to one customer. `key` names it for good: asked for twice, it is sent once.

    `way` is how it leaves (see customers.outreach.ways); `subject_type` and `subject_id` say what it is about.
    """

    key = models.CharField(max_length=200, unique=True, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.PROTECT, related_name="outreach"
    )
    purpose = models.CharField(_("事由"), max_length=12, choices=OutreachPurpose.choices)
    channel = models.CharField(_("方式"), max_length=12, choices=OutreachChannel.choices)
    way = models.CharField(max_length=20, editable=False)
    title = models.CharField(_("标题"), max_length=200)
    body = WrittenTextField(_("内容"))
    status = models.CharField(_("状态"), max_length=10, choices=OutreachStatus.choices)
    reason = models.CharField(_("原因"), max_length=14, choices=OutreachReason.choices, blank=True)
    subject_type = models.CharField(max_length=30, blank=True, editable=False)
    subject_id = models.BigIntegerField(null=True, blank=True, editable=False)
    not_before = models.DateTimeField(_("最早发送时间"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("人工联系次数"), default=0)
    note = WrittenTextField(_("备注"), blank=True, default="")
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("发起人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("联系人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = OutreachQuerySet.as_manager()

    class Meta:
        verbose_name = _("主动联系")
        verbose_name_plural = pgettext_lazy("many", "主动联系")
        ordering = ["-id"]
        permissions = [("handle_outreach", _("可登记人工联系"))]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OutreachStatus.values), name="outreach_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=["refused", "failed", "cancelled"]) | ~Q(reason=""),
                name="outreach_not_sent_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="outreach_of_customer"),
            models.Index(fields=["subject_type", "subject_id"], name="outreach_subject"),
            models.Index(fields=["status", "-id"], name="outreach_status"),
            models.Index(fields=["id"], condition=Q(status="by_hand"), name="outreach_by_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} #{self.pk}"
