"""After-sales: what a customer wants for goods of an order, step by step to the end."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, WrittenTextField
from customers.choices import ShopPlatform
from tickets.aftersales_choices import (
    OPEN_STATES,
    AfterSalesAction,
    AfterSalesKind,
    AfterSalesReason,
    AfterSalesState,
    ExperimentKind,
    GoodsCondition,
    GreenOption,
    InspectionResult,
    LimitStage,
)
from tickets.choices import Confidence
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class AfterSalesQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "AfterSalesQuerySet":
        """Requests on tickets the user may see."""
        if not user.is_active or not user.has_perm("tickets.view_aftersales"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def open(self) -> "AfterSalesQuerySet":
        return self.filter(state__in=OPEN_STATES)

    def for_list(self) -> "AfterSalesQuerySet":
        """With what a row shows."""
        return self.select_related("ticket__customer", "order__shop", "handler", "applicant").defer("ticket__search")


class AfterSales(EncryptedRow):
    """One request. Goods are kept as they were ordered; `details` holds the fields of the present outcome.

    due_at: the nearest moment by which the next step is owed; goods_due_at: the end of the span that runs
    from the goods' arrival; both empty when nothing is owed.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket", models.PROTECT, related_name="aftersales", verbose_name=_("工单"), editable=False
    )
    order = models.ForeignKey("customers.Order", models.PROTECT, related_name="aftersales", verbose_name=_("订单"))
    order_item = models.ForeignKey(
        "customers.OrderItem", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("订单商品")
    )
    kind = models.CharField(_("方案"), max_length=20, choices=AfterSalesKind.choices)
    reason = models.CharField(_("原因"), max_length=20, choices=AfterSalesReason.choices)
    state = models.CharField(_("状态"), max_length=12, choices=AfterSalesState.choices, default=AfterSalesState.APPLIED)
    sku = models.CharField(_("商品编码"), max_length=100, blank=True)
    name = models.CharField(_("商品名称"), max_length=200, blank=True)
    batch = models.CharField(_("批次"), max_length=100, blank=True)
    category = models.CharField(_("商品类目"), max_length=50, blank=True)
    condition = models.CharField(
        _("商品状况"), max_length=12, choices=GoodsCondition.choices, default=GoodsCondition.UNKNOWN
    )
    quantity = models.PositiveIntegerField(_("数量"), default=1)
    goods_value = models.DecimalField(_("商品实付金额"), max_digits=12, decimal_places=2, default=0)
    details = models.JSONField(_("方案内容"), encoder=DjangoJSONEncoder, default=dict)
    note = WrittenTextField(_("客户诉求"), blank=True, default="")
    eligibility = models.JSONField(_("资格判定"), encoder=DjangoJSONEncoder, default=dict)
    #: What we said before they bought or asked: whose words, with which script, in which conversation.
    advice = models.ForeignKey(
        "tickets.TicketMessage",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        verbose_name=_("当时的说法"),
    )
    exception = models.CharField(_("例外理由"), max_length=300, blank=True)
    green = models.CharField(
        _("绿色选项"), max_length=12, choices=GreenOption.choices, blank=True, default="", db_default=""
    )
    experiment = models.CharField(
        _("试验渠道"), max_length=16, choices=ExperimentKind.choices, blank=True, default="", db_default=""
    )

    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("经办人")
    )
    requested_at = models.DateTimeField(_("申请时间"), default=clock.now)
    accepted_at = models.DateTimeField(_("受理时间"), null=True, blank=True)
    received_at = models.DateTimeField(_("到仓时间"), null=True, blank=True)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    finished_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    state_at = models.DateTimeField(_("进入本状态时间"), default=clock.now, editable=False)
    due_at = models.DateTimeField(_("最近时限"), null=True, blank=True)
    goods_due_at = models.DateTimeField(_("收货后办结时限"), null=True, blank=True)
    overdue_count = models.PositiveSmallIntegerField(_("超时次数"), default=0)
    amount = models.DecimalField(_("决定金额"), max_digits=12, decimal_places=2, null=True, blank=True)
    floor = models.DecimalField(_("法定下限"), max_digits=12, decimal_places=2, null=True, blank=True)
    refusal = models.CharField(_("拒绝理由"), max_length=500, blank=True)
    rating = models.PositiveSmallIntegerField(_("评价"), null=True, blank=True)
    approval = models.OneToOneField(
        "core.ApprovalRequest", models.PROTECT, null=True, blank=True, related_name="aftersales", verbose_name=_("审批")
    )
    compensation = models.OneToOneField(
        "tickets.Compensation", models.PROTECT, null=True, blank=True, related_name="aftersales", verbose_name=_("补偿")
    )
    updated_at = UpdatedAtField(_("更新时间"))

    objects: ClassVar[Any] = AfterSalesQuerySet.as_manager()

    class Meta:
        verbose_name = _("售后单")
        verbose_name_plural = pgettext_lazy("many", "售后单")
        ordering = ["-id"]
        permissions = [
            ("inspect_aftersales", _("可验货")),
            ("decide_aftersales", _("可决定售后")),
            ("except_aftersales", _("可批准资格例外")),
            ("override_floor", _("可低于法定下限，须说明理由")),
            ("approve_exchange", _("可审批换货")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="aftersales_quantity_positive"),
            models.CheckConstraint(condition=Q(goods_value__gte=0), name="aftersales_value_not_negative"),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__gte=1, rating__lte=5), name="aftersales_rating_range"
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal=""), name="aftersales_refused_with_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="aftersales_state_due"),
            models.Index(fields=["due_at", "id"], name="aftersales_due"),
            models.Index(fields=["kind", "due_at", "id"], name="aftersales_kind_due"),
            models.Index(fields=["ticket", "id"], name="aftersales_ticket"),
            models.Index(fields=["order", "id"], name="aftersales_order"),
            models.Index(fields=["requested_at", "id"], name="aftersales_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class AfterSalesStep(models.Model):
    """One step of a request: who did what, what was wanted then, and whether it came in time."""

    aftersales = models.ForeignKey(AfterSales, models.CASCADE, related_name="steps", verbose_name=_("售后单"))
    action = models.CharField(_("动作"), max_length=10, choices=[("apply", _("申请")), *AfterSalesAction.choices])
    kind = models.CharField(_("方案"), max_length=20, choices=AfterSalesKind.choices)
    from_state = models.CharField(_("原状态"), max_length=12, choices=AfterSalesState.choices, blank=True)
    to_state = models.CharField(_("新状态"), max_length=12, choices=AfterSalesState.choices)
    details = models.JSONField(_("方案内容"), encoder=DjangoJSONEncoder, default=dict)
    note = models.CharField(_("说明"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("操作人")
    )
    at = models.DateTimeField(_("时间"), default=clock.now, editable=False)
    due_at = models.DateTimeField(_("当时的时限"), null=True, blank=True)
    is_late = models.BooleanField(_("超时"), default=False)

    class Meta:
        verbose_name = _("售后步骤")
        verbose_name_plural = pgettext_lazy("many", "售后步骤")
        ordering = ["id"]
        indexes = [models.Index(fields=["aftersales", "id"], name="aftersales_step")]

    def __str__(self) -> str:
        return f"{self.aftersales_id} {self.action}"


class GoodsInspection(EncryptedRow):
    """What the warehouse found when the goods came back. The photos hang on `message`, a note of the ticket."""

    aftersales = models.OneToOneField(
        AfterSales, models.PROTECT, related_name="inspection", verbose_name=_("售后单"), editable=False
    )
    result = models.CharField(_("验货结果"), max_length=12, choices=InspectionResult.choices)
    checklist = models.JSONField(_("不完好的项目"), default=list)
    note = WrittenTextField(_("说明"), blank=True, default="")
    message = models.ForeignKey("tickets.TicketMessage", models.PROTECT, related_name="+", verbose_name=_("照片"))
    inspector = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("验货人"))
    inspected_at = models.DateTimeField(_("验货时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("验货记录")
        verbose_name_plural = pgettext_lazy("many", "验货记录")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.aftersales_id} {self.get_result_display()}"


class AfterSalesLimit(models.Model):
    """How long a stage may take (natural hours), by outcome and platform; the most specific row counts."""

    stage = models.CharField(_("阶段"), max_length=12, choices=LimitStage.choices)
    kind = models.CharField(_("方案"), max_length=20, choices=AfterSalesKind.choices, blank=True)
    platform = models.CharField(_("平台"), max_length=20, choices=ShopPlatform.choices, blank=True)
    hours = models.PositiveIntegerField(_("时限（小时）"))
    warn_hours = models.JSONField(_("提醒（开始后小时）"), default=list, blank=True)
    source = models.CharField(_("依据"), max_length=200, blank=True)
    confidence = models.CharField(_("核实程度"), max_length=12, choices=Confidence.choices, default=Confidence.HOUSE)
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("售后时限")
        verbose_name_plural = pgettext_lazy("many", "售后时限")
        ordering = ["stage", "kind", "platform"]
        constraints = [
            models.UniqueConstraint(fields=["stage", "kind", "platform"], name="aftersales_limit_once"),
            models.CheckConstraint(condition=Q(hours__gt=0), name="aftersales_limit_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.hours}"

    def clean(self) -> None:
        """Warnings are whole hours before the end."""
        hours = self.warn_hours
        good = isinstance(hours, list) and all(type(one) is int and 0 < one < (self.hours or 0) for one in hours)
        if not good:
            raise ValidationError({"warn_hours": _("提醒须为小于时限的整数小时，如 [12, 24]。")})
