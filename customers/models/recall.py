"""Recalls: a product and its batches, the orders concerned, the duties of law and how far they are."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from customers.outreach_choices import OutreachChannel
from customers.recall_choices import OurRole, RecallClock, RecallRemedy, RecallStatus
from customers.recall_querysets import RecallOrderQuerySet, RecallQuerySet


class Recall(models.Model):
    """One recall. Its plan is fixed when it starts; kept for five years (S-07)."""

    title = models.CharField(_("标题"), max_length=100)
    sku = models.CharField(_("商品编码"), max_length=100)
    batches = ArrayField(models.CharField(max_length=100), verbose_name=_("批次"))
    includes_unknown = models.BooleanField(
        _("含批次未登记的订单"), default=False, help_text=_("只含该批次销售期间内的订单。")
    )
    reason = models.TextField(_("缺陷与风险"), max_length=2000)
    is_serious = models.BooleanField(_("已致人身伤害或重大损失"), default=False)
    our_role = models.CharField(_("我方角色"), max_length=10, choices=OurRole.choices)
    remedy = models.CharField(_("补救方式"), max_length=10, choices=RecallRemedy.choices)
    instructions = models.TextField(_("客户怎么做"), max_length=2000)
    channels = ArrayField(
        models.CharField(max_length=12, choices=OutreachChannel.choices), verbose_name=_("通知方式"), default=list
    )
    discovered_at = models.DateTimeField(_("发现时间"))
    status = models.CharField(_("状态"), max_length=10, choices=RecallStatus.choices, default=RecallStatus.DRAFT)
    is_drill = models.BooleanField(_("演练"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("负责人"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(_("启动时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    conclusion = models.TextField(_("结论"), max_length=2000, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = _("召回")
        verbose_name_plural = pgettext_lazy("many", "召回")
        ordering = ["-id"]
        permissions = [("start_recall", _("可启动和结束召回")), ("handle_recall", _("可登记召回进展"))]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="running") | Q(started_at__isnull=False), name="recall_running_since"
            ),
            models.CheckConstraint(condition=~Q(status="closed") | Q(closed_at__isnull=False), name="recall_closed_at"),
            models.CheckConstraint(condition=Q(batches__len__gt=0), name="recall_has_batches"),
        ]

    def __str__(self) -> str:
        return self.title


class RecallDuty(models.Model):
    """What the law wants done, and by when. One that we are not sure of is off until somebody turns it on."""

    recall = models.ForeignKey(Recall, verbose_name=_("召回"), on_delete=models.CASCADE, related_name="duties")
    rule = models.CharField(_("规则"), max_length=10)
    what = models.CharField(_("要做的事"), max_length=100)
    basis = models.CharField(_("依据"), max_length=100)
    clock = models.CharField(_("计时"), max_length=10, choices=RecallClock.choices)
    due_at = models.DateTimeField(_("截止时间"))
    is_certain = models.BooleanField(_("依据已核实"), default=True)
    is_enabled = models.BooleanField(_("启用"), default=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("完成人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("召回法定义务")
        verbose_name_plural = pgettext_lazy("many", "召回法定义务")
        ordering = ["due_at", "rule"]
        constraints = [models.UniqueConstraint(fields=["recall", "rule"], name="recall_duty_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.what}"


class RecallOrder(models.Model):
    """An order concerned. `asked_at`: the notices were handed to outreach; what became of them stands there."""

    recall = models.ForeignKey(Recall, verbose_name=_("召回"), on_delete=models.PROTECT, related_name="orders")
    order = models.ForeignKey(
        "customers.Order", verbose_name=_("订单"), on_delete=models.PROTECT, related_name="recalls"
    )
    batches = ArrayField(models.CharField(max_length=100), verbose_name=_("批次"), default=list)
    quantity = models.PositiveIntegerField(_("数量"))
    is_unknown = models.BooleanField(_("批次未登记"), default=False)
    asked_at = models.DateTimeField(_("交付通知时间"), null=True, blank=True)
    reached_at = models.DateTimeField(_("联系到时间"), null=True, blank=True)
    returned_at = models.DateTimeField(_("退回时间"), null=True, blank=True)
    remedied_at = models.DateTimeField(_("补救时间"), null=True, blank=True)
    note = models.CharField(_("备注"), max_length=300, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("登记人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    updated_at = UpdatedAtField(_("更新时间"))

    objects = RecallOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("召回订单")
        verbose_name_plural = pgettext_lazy("many", "召回订单")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["recall", "order"], name="recall_order_once")]
        indexes = [
            models.Index(fields=["recall", "id"], condition=Q(asked_at=None), name="recall_order_unasked"),
        ]

    def __str__(self) -> str:
        return f"{self.recall_id}/{self.order_id}"
