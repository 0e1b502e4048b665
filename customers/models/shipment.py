"""Parcels of orders, what carriers report of them, and what goes wrong."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from customers.shipment_choices import ExceptionKind, ExceptionStatus, NodeKind, Resolution
from customers.shipment_querysets import ShipmentExceptionQuerySet, ShipmentQuerySet


class Carrier(models.Model):
    """A carrier. `pattern` is what its tracking numbers look like as a whole; empty: any number."""

    key = models.SlugField(_("编码"), max_length=30, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    pattern = models.CharField(_("运单号格式"), max_length=200, blank=True, help_text=_("正则表达式，须匹配整个运单号"))
    example = models.CharField(_("运单号示例"), max_length=60, blank=True)
    phone = models.CharField(_("客服电话"), max_length=30, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("快递公司")
        verbose_name_plural = pgettext_lazy("many", "快递公司")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name


class StallRule(models.Model):
    """How long a parcel of a carrier may stay in a stage without moving. Without a carrier: for all others."""

    carrier = models.ForeignKey(
        Carrier, verbose_name=_("快递公司"), null=True, blank=True, on_delete=models.PROTECT, related_name="stall_rules"
    )
    stage = models.CharField(_("阶段"), max_length=20, choices=NodeKind.choices)
    hours = models.PositiveSmallIntegerField(
        _("多少小时没有进展"), validators=[MinValueValidator(1), MaxValueValidator(24 * 30)]
    )
    tells_customer = models.BooleanField(
        _("自动通知客户"), default=True, help_text=_("关闭后只建待办，由客服联系客户。")
    )

    class Meta:
        verbose_name = _("物流停滞规则")
        verbose_name_plural = pgettext_lazy("many", "物流停滞规则")
        ordering = ["carrier_id", "stage"]
        constraints = [
            models.UniqueConstraint(fields=["carrier", "stage"], name="stall_rule_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(hours__gte=1), name="stall_rule_hours"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier or '*'} {self.get_stage_display()} {self.hours} h"


class Shipment(models.Model):
    """One parcel of an order. `stage` and `moved_at` repeat its newest node."""

    order = models.ForeignKey(
        "customers.Order", verbose_name=_("订单"), on_delete=models.PROTECT, related_name="shipments"
    )
    carrier = models.ForeignKey(Carrier, verbose_name=_("快递公司"), on_delete=models.PROTECT, related_name="shipments")
    tracking_no = models.CharField(_("运单号"), max_length=40)
    stage = models.CharField(_("阶段"), max_length=20, choices=NodeKind.choices, default=NodeKind.CREATED)
    place = models.CharField(_("当前位置"), max_length=100, blank=True)
    moved_at = models.DateTimeField(_("最近进展"), default=clock.now)
    delivered_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("包裹")
        verbose_name_plural = pgettext_lazy("many", "包裹")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["carrier", "tracking_no", "order"], name="shipment_once_an_order"),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="shipment_of_order"),
            models.Index(fields=["tracking_no"], name="shipment_tracking_no"),
            models.Index(fields=["stage", "-id"], name="shipment_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier_id} {self.tracking_no}"


class ShipmentNode(models.Model):
    """One thing a carrier reported. Reported again, it is the same row; numbers of couriers are masked."""

    shipment = models.ForeignKey(Shipment, verbose_name=_("包裹"), on_delete=models.CASCADE, related_name="nodes")
    kind = models.CharField(_("节点"), max_length=20, choices=NodeKind.choices)
    at = models.DateTimeField(_("时间"))
    place = models.CharField(_("地点"), max_length=100, blank=True)
    text = models.CharField(_("说明"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("物流节点")
        verbose_name_plural = pgettext_lazy("many", "物流节点")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "at", "kind", "place", "text"], name="shipment_node_once"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %H:%M} {self.get_kind_display()}"


class ShipmentException(models.Model):
    """Something wrong with a parcel, and the task of telling the customer before they ask.

    `offers` are the remedies we name; `resolution` how it ended. The task is open while the exception is.
    """

    shipment = models.ForeignKey(Shipment, verbose_name=_("包裹"), on_delete=models.PROTECT, related_name="exceptions")
    kind = models.CharField(_("异常"), max_length=20, choices=ExceptionKind.choices)
    status = models.CharField(_("状态"), max_length=10, choices=ExceptionStatus.choices, default=ExceptionStatus.OPEN)
    stage = models.CharField(_("停在阶段"), max_length=20, choices=NodeKind.choices)
    since = models.DateTimeField(_("最近进展"))
    detected_at = models.DateTimeField(_("发现时间"), default=clock.now)
    due_at = models.DateTimeField(_("应联系客户时间"))
    outreach = models.ForeignKey(
        "customers.Outreach",
        verbose_name=_("客户通知"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="shipment_exceptions",
    )
    script = models.CharField(_("话术"), max_length=120, blank=True)
    offers = ArrayField(models.CharField(max_length=20), verbose_name=_("可选方案"), default=list, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("负责人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    resolution = models.CharField(_("处理结果"), max_length=20, choices=Resolution.choices, blank=True)
    note = models.CharField(_("备注"), max_length=300, blank=True)
    resolved_at = models.DateTimeField(_("解决时间"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("处理人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    updated_at = UpdatedAtField(_("更新时间"))

    objects = ShipmentExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("物流异常")
        verbose_name_plural = pgettext_lazy("many", "物流异常")
        ordering = ["due_at", "id"]
        permissions = [("handle_shipmentexception", _("可处理物流异常"))]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment"], condition=~Q(status="resolved"), name="shipment_exception_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(status="resolved") | (Q(resolved_at__isnull=False) & ~Q(resolution="")),
                name="shipment_exception_resolved_how",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=~Q(status="resolved"), name="shipment_exception_due"),
            models.Index(fields=["-resolved_at", "-id"], condition=Q(status="resolved"), name="shipment_exc_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
