"""Money promised to a customer: the calculation it rests on, unchangeable, and how far it has come."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField
from tickets.choices import CompensationForm, CompensationStatus
from tickets.models.payout import PaidOut
from tickets.querysets import CompensationQuerySet

#: Refused by a trigger once the row is there; the rest is its way from granted to paid.
SNAPSHOT = (
    "ticket_id", "case", "form", "inputs", "amount", "refund", "additional", "total", "floor", "cap",
    "basis", "terms", "notes", "is_punitive", "is_below_floor", "floor_reason", "granted_by_id", "granted_at",
)  # fmt: skip


class Compensation(EncryptedRow, PaidOut):
    """One compensation: of a ticket, or of an order that a disruption's plan was applied to, where nobody asked.

    The calculation is kept as it was: case, inputs, sums, floor, basis.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket",
        models.PROTECT,
        null=True,
        related_name="compensations",
        verbose_name=_("工单"),
        editable=False,
    )
    disruption_order = models.OneToOneField(
        "customers.DisruptionOrder",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="compensation",
        verbose_name=_("服务中断订单"),
        editable=False,
    )
    case = models.CharField(_("情形"), max_length=10)
    form = models.CharField(
        _("给付方式"), max_length=10, choices=CompensationForm.choices, default=CompensationForm.TRANSFER
    )
    inputs = models.JSONField(_("测算依据"), encoder=DjangoJSONEncoder)
    amount = models.DecimalField(_("补偿金额"), max_digits=12, decimal_places=2)
    refund = models.DecimalField(_("退款"), max_digits=12, decimal_places=2)
    additional = models.DecimalField(_("增加赔偿"), max_digits=12, decimal_places=2)
    total = models.DecimalField(_("应付合计"), max_digits=12, decimal_places=2)
    floor = models.DecimalField(_("法定下限"), max_digits=12, decimal_places=2, null=True)
    cap = models.DecimalField(_("上限"), max_digits=12, decimal_places=2, null=True)
    basis = models.JSONField(_("法律依据"))
    terms = models.JSONField(_("计算过程"), encoder=DjangoJSONEncoder)
    notes = models.JSONField(_("说明"), encoder=DjangoJSONEncoder)
    is_punitive = models.BooleanField(_("含惩罚性赔偿"), default=False)
    # As the ticket was filed then: what similar complaints are compared by.
    category = models.CharField(_("分类"), max_length=100, blank=True, default="", db_default="", editable=False)
    price = models.DecimalField(_("实付价款"), max_digits=12, decimal_places=2, null=True, blank=True, editable=False)

    status = models.CharField(_("状态"), max_length=10, choices=CompensationStatus.choices)
    note = EncryptedTextField(_("备注"), blank=True, default="")
    approval = models.OneToOneField(
        "core.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="compensation",
        verbose_name=_("审批"),
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="compensations", verbose_name=_("经办人")
    )
    granted_at = models.DateTimeField(_("提出时间"), default=clock.now, editable=False)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    is_below_floor = models.BooleanField(_("低于法定下限"), default=False, db_default=False)
    floor_reason = models.CharField(_("低于下限的理由"), max_length=300, blank=True, default="", db_default="")

    objects = CompensationQuerySet.as_manager()

    class Meta:
        verbose_name = _("补偿")
        verbose_name_plural = pgettext_lazy("many", "补偿")
        ordering = ["-id"]
        permissions = [("approve_compensation", _("可审批补偿")), ("pay_compensation", _("可打款"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="tickets_compensation_positive"),
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False)
                | Q(status="reversed", reversed_at__isnull=False)
                | ~Q(status__in=["paid", "reversed"]) & Q(paid_at__isnull=True),
                name="tickets_compensation_paid_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(floor__isnull=True) | Q(amount__gte=models.F("floor")) | Q(is_below_floor=True),
                name="tickets_compensation_not_below_floor",
            ),
            # One punitive head: what was refused or has lapsed does not count.
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(is_punitive=True, status__in=["pending", "granted", "paid"]),
                name="tickets_compensation_one_punitive",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "id"], name="tickets_compensation_ticket"),
            models.Index(fields=["category", "-id"], name="tickets_compensation_category"),
            models.Index(fields=["granted_by", "id"], name="tickets_compensation_by"),
            models.Index(fields=["status", "id"], name="tickets_compensation_status"),
            models.Index(fields=["decided_at", "id"], name="tickets_compensation_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.amount}"
