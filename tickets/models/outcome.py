"""What became of a complaint after it was closed (结案复盘)."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.models.grading import ComplaintLevel
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User

#: From this score on a customer counts as satisfied.
SATISFIED_FROM = 4
#: The method of a complaint that was settled with words alone.
APOLOGY = "apology"


class ComplaintOutcomeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "ComplaintOutcomeQuerySet":
        """Outcomes of the complaints the user may see."""
        if not user.is_active or not user.has_perm("tickets.view_complaintoutcome"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def for_list(self) -> "ComplaintOutcomeQuerySet":
        return self.select_related("ticket", "level", "repeat_ticket").defer("ticket__search", "repeat_ticket__search")


class ComplaintOutcome(models.Model):
    """One closing, looked at again thirty days later (C24). A trigger refuses every change and deletion.

    price: what the order was paid with, None when nobody knows; cost: what was paid out, refunds included.
    handling_minutes: natural minutes from receipt to solution. satisfaction: the customer's newest score 1–5,
    of the survey or else of after-sales; verdict: how the return visit ended.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="outcomes", verbose_name=_("工单"))
    closed_at = models.DateTimeField(_("结案时间"))
    evaluated_at = models.DateTimeField(_("复盘时间"), default=clock.now)
    category = models.CharField(_("分类"), max_length=100, blank=True)
    level = models.ForeignKey(
        ComplaintLevel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("级别")
    )
    price = models.DecimalField(_("实付价款"), max_digits=12, decimal_places=2, null=True, blank=True)
    methods = ArrayField(models.CharField(max_length=20), verbose_name=_("处理方式"), default=list)
    cost = models.DecimalField(_("成本"), max_digits=12, decimal_places=2, default=0)
    handling_minutes = models.PositiveIntegerField(_("用时（分钟）"))
    satisfaction = models.PositiveSmallIntegerField(_("客户评分"), null=True, blank=True)
    verdict = models.CharField(_("回访结果"), max_length=12, blank=True)
    repeat_count = models.PositiveSmallIntegerField(_("再次投诉次数"), default=0)
    repeat_ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("再次投诉")
    )
    repurchase_count = models.PositiveIntegerField(_("复购订单数"), default=0)
    repurchase_amount = models.DecimalField(_("复购金额"), max_digits=12, decimal_places=2, default=0)

    objects: ClassVar[Any] = ComplaintOutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = _("结案复盘")
        verbose_name_plural = pgettext_lazy("many", "结案复盘")
        ordering = ["-closed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "closed_at"], name="outcome_once_a_closing"),
            models.CheckConstraint(
                condition=Q(satisfaction__isnull=True) | Q(satisfaction__gte=1, satisfaction__lte=5),
                name="outcome_satisfaction_range",
            ),
        ]
        indexes = [
            models.Index(fields=["-closed_at", "-id"], name="outcome_newest"),
            models.Index(fields=["category", "-id"], name="outcome_category"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.closed_at:%F}"

    @property
    def is_remedied(self) -> bool:
        """Whether the customer got more than words."""
        return any(method != APOLOGY for method in self.methods)

    @property
    def is_satisfied(self) -> bool | None:
        """None while the customer gave no score."""
        return None if self.satisfaction is None else self.satisfaction >= SATISFIED_FROM
