"""Promises about safety that were confirmed (D20), and incidents with products (D22)."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField
from customers.recall_choices import OurRole
from tickets.models.grading import Escalation
from tickets.models.message import TicketMessage
from tickets.models.ticket import Ticket
from tickets.querysets import sight
from tickets.safety_choices import GRAVE, HarmKind

if TYPE_CHECKING:
    from crm.staff.models import User


class SafetyClaimQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "SafetyClaimQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_safetyclaim"):
            return self.none()
        return self.filter(sight(user, "message__ticket__"))


class SafetyClaim(models.Model):
    """What a reply promised about safety: by which version of the sheet, or, without a sheet, by whose reason."""

    message = models.OneToOneField(
        TicketMessage, models.CASCADE, related_name="safety_claim", verbose_name=_("消息"), editable=False
    )
    claims = models.JSONField(_("承诺内容"), default=list)
    version = models.ForeignKey(
        "knowledge.SafetySheetVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("安全资料版本"),
    )
    reason = models.CharField(_("无资料时承诺的理由"), max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("确认人"))
    confirmed_at = models.DateTimeField(_("确认时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = SafetyClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("安全承诺")
        verbose_name_plural = pgettext_lazy("many", "安全承诺")
        ordering = ["-id"]
        permissions = [("promise_without_sheet", _("可在没有安全资料时承诺"))]
        constraints = [
            models.CheckConstraint(condition=Q(version__isnull=False) | ~Q(reason=""), name="safety_claim_has_ground"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}"


class SafetyIncidentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "SafetyIncidentQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_safetyincident"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def for_list(self) -> "SafetyIncidentQuerySet":
        """With what a row shows."""
        return self.select_related("ticket", "reporter", "recall").defer("ticket__search")


class SafetyIncident(EncryptedRow):
    """Somebody or something came to harm by a product. One a ticket: its clocks and its escalation begin once."""

    ticket = models.OneToOneField(
        Ticket, models.PROTECT, related_name="safety_incident", verbose_name=_("工单"), editable=False
    )
    sku = models.CharField(_("商品编码"), max_length=100)
    product_name = models.CharField(_("商品名称"), max_length=200, blank=True)
    batch = models.CharField(_("批次"), max_length=100, blank=True)
    harm = models.CharField(_("人身伤害"), max_length=10, choices=HarmKind)
    injured_count = models.PositiveIntegerField(_("受伤人数"), default=0)
    is_large_loss = models.BooleanField(_("重大财产损失"), default=False)
    injury = WrittenTextField(_("伤情与损失"), blank=True, default="")
    circumstances = WrittenTextField(_("经过"))
    storage = WrittenTextField(_("储存与使用情况"))
    occurred_at = models.DateTimeField(_("发生时间"))
    our_role = models.CharField(_("我方角色"), max_length=10, choices=OurRole.choices)
    photos = models.ForeignKey(
        TicketMessage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("照片"), editable=False
    )
    escalation = models.ForeignKey(
        Escalation, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("升级记录")
    )
    recall = models.ForeignKey(
        "customers.Recall", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("召回")
    )
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    reported_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = SafetyIncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("安全事故")
        verbose_name_plural = pgettext_lazy("many", "安全事故")
        ordering = ["-id"]
        indexes = [models.Index(fields=["sku", "batch", "-id"], name="safety_incident_batch")]

    def __str__(self) -> str:
        return f"{self.sku} #{self.pk}"

    @property
    def is_serious(self) -> bool:
        """As the law on recalls means it."""
        return self.harm in GRAVE or self.is_large_loss

    @property
    def clock_key(self) -> str:
        """Under which its statutory deadlines run."""
        return f"incident:{self.ticket_id}"
