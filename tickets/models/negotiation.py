"""What a customer demands, ladders of offers, and how a negotiation went."""

from functools import cached_property
from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core import clock
from core.privacy import EncryptedRow, WrittenTextField
from core.versions.models import Version, VersionedItem
from tickets.models.ticket import Ticket
from tickets.negotiation.choices import NegotiationState, OfferState, Remedy
from tickets.negotiation.querysets import NegotiationQuerySet, OfferQuerySet, OfTickets
from tickets.negotiation.rungs import Rung, RungFault, read_rungs


class CustomerDemand(EncryptedRow):
    """What the customer of a complaint asks for: a sum, a remedy, or both."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="demand", verbose_name=_("工单"))
    amount = models.DecimalField(_("要求金额"), max_digits=12, decimal_places=2, null=True, blank=True)
    remedy = models.CharField(_("要求方式"), max_length=20, choices=Remedy, blank=True, default="")
    words = WrittenTextField(_("客户原话"), blank=True, default="")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )
    recorded_at = models.DateTimeField(_("登记时间"), default=clock.now)

    objects = OfTickets.as_manager()

    class Meta:
        verbose_name = _("客户诉求")
        verbose_name_plural = pgettext_lazy("many", "客户诉求")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__isnull=True) | Q(amount__gte=0), name="demand_not_negative"),
            models.CheckConstraint(condition=Q(amount__isnull=False) | ~Q(remedy=""), name="demand_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.amount} {self.remedy}"


class Ladder(VersionedItem):
    """The ladder of a category of complaints; "" is for all categories without one of their own."""

    event_subject = "ladder"

    category = models.CharField(
        _("分类"), max_length=100, blank=True, unique=True, help_text=_("留空适用于其余所有分类。")
    )
    live_version = models.ForeignKey(
        "tickets.LadderVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("协商阶梯")
        verbose_name_plural = pgettext_lazy("many", "协商阶梯")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="tickets_ladder_key")]


class LadderVersion(Version):
    """The rungs, frozen once they leave the draft. `body` is the same in words, for reading and comparing."""

    FROZEN = (*Version.FROZEN, "rungs", "walk_away")

    item = models.ForeignKey(Ladder, models.PROTECT, related_name="versions", verbose_name=_("协商阶梯"))
    rungs = models.JSONField(_("级别"), default=list, help_text=_("第一级为开价，最后一级为上限。"))
    walk_away = models.CharField(_("何时停止协商"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("协商阶梯版本")
        verbose_name_plural = pgettext_lazy("many", "协商阶梯版本")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "number"], name="tickets_ladder_number")]
        permissions: ClassVar = [
            ("review_ladderversion", _("审核协商阶梯")),
            ("publish_ladderversion", _("发布和下线协商阶梯")),
        ]

    @cached_property
    def plan(self) -> tuple[Rung, ...]:
        """The rungs, the opening offer first."""
        return read_rungs(self.rungs)

    def problems(self) -> dict[str, list[str]]:
        try:
            read_rungs(self.rungs)
        except RungFault as fault:
            return {"rungs": [gettext(fault.text) % {"number": fault.number}]}
        return {}


class Negotiation(EncryptedRow):
    """One negotiation about a ticket: the numbers it began with stay, whatever the ladder becomes.

    Sums in yuan. `amounts`: of every rung, the opening offer first and the ceiling last.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="negotiations", verbose_name=_("工单"))
    version = models.ForeignKey(LadderVersion, models.PROTECT, related_name="+", verbose_name=_("协商阶梯"))
    case = models.CharField(_("情形"), max_length=10)
    inputs = models.JSONField(_("测算依据"), encoder=DjangoJSONEncoder)
    floor = models.DecimalField(_("法定下限"), max_digits=12, decimal_places=2)
    total = models.DecimalField(_("应付合计"), max_digits=12, decimal_places=2)
    ceiling = models.DecimalField(_("阶梯上限"), max_digits=12, decimal_places=2)
    amounts = models.JSONField(_("各级金额"), encoder=DjangoJSONEncoder)
    basis = models.JSONField(_("法律依据"))
    demanded = models.DecimalField(_("客户要求"), max_digits=12, decimal_places=2, null=True, blank=True)
    state = models.CharField(_("状态"), max_length=12, choices=NegotiationState, default=NegotiationState.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("协商人"))
    opened_at = models.DateTimeField(_("开始时间"), default=clock.now, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结束人")
    )
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    end_note = WrittenTextField(_("结束说明"), blank=True, default="")
    compensation = models.OneToOneField(
        "tickets.Compensation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="negotiation",
        verbose_name=_("补偿"),
    )

    objects = NegotiationQuerySet.as_manager()

    class Meta:
        verbose_name = _("协商")
        verbose_name_plural = pgettext_lazy("many", "协商")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(floor__gte=0) & Q(ceiling__gte=F("floor")), name="negotiation_ceiling_above_floor"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True) | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="negotiation_ended_has_moment",
            ),
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="open"), name="negotiation_one_open"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ticket", "-id"], name="negotiation_ticket"),
            models.Index(fields=["state", "-id"], name="negotiation_state"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.case}"


class NegotiationOffer(EncryptedRow):
    """A sum that was offered, or waits for approval, and what the customer said to it. Never below the floor."""

    negotiation = models.ForeignKey(Negotiation, models.PROTECT, related_name="offers", verbose_name=_("协商"))
    number = models.PositiveSmallIntegerField(_("第几次"))
    amount = models.DecimalField(_("报价"), max_digits=12, decimal_places=2)
    floor = models.DecimalField(_("法定下限"), max_digits=12, decimal_places=2)
    state = models.CharField(_("状态"), max_length=10, choices=OfferState)
    reason = models.CharField(_("超出的理由"), max_length=300, blank=True, default="")
    approval = models.OneToOneField(
        "core.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="negotiation_offer",
        verbose_name=_("审批"),
    )
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("报价人"))
    created_at = models.DateTimeField(_("提出时间"), default=clock.now, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    answer = WrittenTextField(_("客户答复"), blank=True, default="")
    countered = models.DecimalField(_("客户还价"), max_digits=12, decimal_places=2, null=True, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("报价")
        verbose_name_plural = pgettext_lazy("many", "报价")
        ordering = ["negotiation", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["negotiation", "number"], name="negotiation_offer_number"),
            models.CheckConstraint(condition=Q(amount__gte=F("floor")), name="negotiation_offer_above_floor"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "offered", "refused"]) | Q(answered_at__isnull=False),
                name="negotiation_offer_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.negotiation_id} #{self.number} {self.amount}"
