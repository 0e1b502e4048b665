"""Service disruptions: the orders concerned, what customers are told, and a plan applied once to each order."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from customers.choices import OrderStatus
from customers.recall_choices import DisruptionStatus, PlanKind
from customers.recall_querysets import DisruptionOrderQuerySet, RecallQuerySet


class Disruption(models.Model):
    """One disruption. Orders are chosen by shop, product, carrier, status and the time they were placed."""

    title = models.CharField(_("标题"), max_length=100)
    reason = models.TextField(_("发生了什么"), max_length=2000)
    shop = models.ForeignKey(
        "customers.Shop", verbose_name=_("店铺"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sku = models.CharField(_("商品编码"), max_length=100, blank=True)
    carrier = models.ForeignKey(
        "customers.Carrier",
        verbose_name=_("快递公司"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    statuses = ArrayField(
        models.CharField(max_length=20, choices=OrderStatus.choices), verbose_name=_("订单状态"), default=list
    )
    ordered_from = models.DateTimeField(_("下单时间起"))
    ordered_to = models.DateTimeField(_("下单时间止"))
    plan = models.CharField(_("补偿方案"), max_length=10, choices=PlanKind.choices, default=PlanKind.NONE)
    amount = models.DecimalField(_("每单金额（元）"), max_digits=10, decimal_places=2, null=True, blank=True)
    share = models.DecimalField(_("实付比例"), max_digits=5, decimal_places=4, null=True, blank=True)
    cap = models.DecimalField(_("每单上限（元）"), max_digits=10, decimal_places=2, null=True, blank=True)
    alternatives = ArrayField(models.CharField(max_length=60), verbose_name=_("可选方案"), default=list, blank=True)
    status = models.CharField(
        _("状态"), max_length=10, choices=DisruptionStatus.choices, default=DisruptionStatus.DRAFT
    )
    is_drill = models.BooleanField(_("演练"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("负责人"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(_("启动时间"), null=True, blank=True)
    plan_applied_at = models.DateTimeField(_("方案执行时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = _("服务中断")
        verbose_name_plural = pgettext_lazy("many", "服务中断")
        ordering = ["-id"]
        permissions = [
            ("start_disruption", _("可启动服务中断并执行补偿方案")),
            ("handle_disruption", _("可登记客户选择的方案")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ordered_to__gt=F("ordered_from")), name="disruption_period"),
            models.CheckConstraint(
                condition=~Q(plan="fixed") | Q(amount__isnull=False), name="disruption_fixed_has_amount"
            ),
            models.CheckConstraint(
                condition=~Q(plan="share") | Q(share__gt=0, share__lte=1), name="disruption_share_has_share"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class DisruptionUpdate(models.Model):
    """What customers are told, in the order it happened."""

    disruption = models.ForeignKey(
        Disruption, verbose_name=_("服务中断"), on_delete=models.CASCADE, related_name="updates"
    )
    text = models.TextField(_("进展"), max_length=1000)
    tells_customers = models.BooleanField(_("通知客户"), default=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("发布人"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    told_after = models.BigIntegerField(default=0, editable=False)
    published_at = models.DateTimeField(_("发布时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("中断进展")
        verbose_name_plural = pgettext_lazy("many", "中断进展")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:40]


class DisruptionOrder(models.Model):
    """An order concerned; `amount` is what the plan gave it, once."""

    disruption = models.ForeignKey(
        Disruption, verbose_name=_("服务中断"), on_delete=models.PROTECT, related_name="orders"
    )
    order = models.ForeignKey(
        "customers.Order", verbose_name=_("订单"), on_delete=models.PROTECT, related_name="disruptions"
    )
    amount = models.DecimalField(_("补偿金额（元）"), max_digits=10, decimal_places=2, null=True, blank=True)
    applied_at = models.DateTimeField(_("方案执行时间"), null=True, blank=True)
    choice = models.CharField(_("客户选择"), max_length=60, blank=True)
    chosen_at = models.DateTimeField(_("选择时间"), null=True, blank=True)

    objects = DisruptionOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("中断影响订单")
        verbose_name_plural = pgettext_lazy("many", "中断影响订单")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["disruption", "order"], name="disruption_order_once"),
            models.CheckConstraint(
                condition=Q(amount=None) | (Q(amount__gte=0) & Q(applied_at__isnull=False)),
                name="disruption_order_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disruption_id}/{self.order_id}"
