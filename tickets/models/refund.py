"""Money given back out of what an order paid."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.aftersales_choices import RefundStatus
from tickets.models.payout import PaidOut
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class RefundQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "RefundQuerySet":
        """Refunds of tickets the user may see; those without a ticket are seen by whoever asked for them."""
        if not user.is_active or not user.has_perm("tickets.view_refund"):
            return self.none()
        if user.sees_everything:
            return self.all()
        return self.filter(Q(ticket__isnull=False) & sight(user, "ticket__") | Q(ticket=None, requested_by=user))

    def standing(self) -> "RefundQuerySet":
        """What holds its place in the order's money."""
        return self.exclude(status=RefundStatus.REVERSED)

    def for_list(self) -> "RefundQuerySet":
        return self.select_related("order", "ticket", "requested_by", "paid_by", "reversed_by")


class Refund(PaidOut):
    """One refund. A trigger holds that the standing refunds of an order never exceed what it paid."""

    order = models.ForeignKey("customers.Order", models.PROTECT, related_name="refunds", verbose_name=_("订单"))
    ticket = models.ForeignKey(
        "tickets.Ticket", models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("工单")
    )
    aftersales = models.ForeignKey(
        "tickets.AfterSales", models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("售后单")
    )
    amount = models.DecimalField(_("退款金额"), max_digits=12, decimal_places=2)
    reason = models.CharField(_("退款原因"), max_length=200)
    status = models.CharField(_("状态"), max_length=10, choices=RefundStatus.choices, default=RefundStatus.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    requested_at = models.DateTimeField(_("提出时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("退款")
        verbose_name_plural = pgettext_lazy("many", "退款")
        ordering = ["-id"]
        permissions = [("pay_refund", _("可登记退款")), ("view_reconciliation", _("可查看对账"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False)
                | Q(status="reversed", reversed_at__isnull=False)
                | Q(status__in=["pending", "failed"], paid_at__isnull=True),
                name="refund_status_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=True) | Q(paid_at__gte=F("requested_at")), name="refund_paid_after_asked"
            ),
            # One standing refund a request: asked again, nothing is refunded twice.
            models.UniqueConstraint(
                fields=["aftersales"], condition=~Q(status="reversed"), name="refund_once_per_request"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="refund_of_order"),
            models.Index(fields=["ticket", "id"], name="refund_of_ticket"),
            models.Index(fields=["status", "id"], name="refund_status"),
            models.Index(fields=["requested_at", "id"], name="refund_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} #{self.pk}"
