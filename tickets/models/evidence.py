"""Frozen evidence, the packs made of it, investigations, and reviews by legal staff."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from tickets.legal_choices import EntryKind, EvidenceKind, InvestigationState, Speaker
from tickets.models.legal import LegalCase, case_sight
from tickets.models.message import Attachment
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


def _may(user: "User", permission: str) -> bool:
    return bool(user.is_active and user.has_perm(permission))


class OfTicketQuerySet(models.QuerySet[Any]):
    """Rows that are seen with their ticket."""

    permission = ""

    def visible_to(self, user: "User") -> "OfTicketQuerySet":
        if not _may(user, self.permission):
            return self.none()
        return self.filter(sight(user, "ticket__"))


class OfTicketOrCaseQuerySet(OfTicketQuerySet):
    """Rows that are seen with their ticket, or with their case."""

    def visible_to(self, user: "User") -> "OfTicketOrCaseQuerySet":
        if not _may(user, self.permission):
            return self.none()
        if user.sees_everything:
            return self.all()
        return self.filter(sight(user, "ticket__") & Q(ticket__isnull=False) | case_sight(user, "case__"))


class EvidenceQuerySet(OfTicketOrCaseQuerySet):
    permission = "tickets.view_evidence"


class EvidencePackQuerySet(OfTicketOrCaseQuerySet):
    permission = "tickets.view_evidencepack"


class InvestigationQuerySet(OfTicketQuerySet):
    permission = "tickets.view_investigation"


class LegalReviewQuerySet(OfTicketQuerySet):
    permission = "tickets.view_legalreview"


class Investigation(EncryptedRow):
    """What was asked, what was said, what was found out about a ticket. Calls are the ticket's contact attempts."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="investigations", verbose_name=_("工单"))
    state = models.CharField(
        _("状态"), max_length=10, choices=InvestigationState, default=InvestigationState.OPEN, editable=False
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("调查人"))
    opened_at = models.DateTimeField(_("开始时间"), default=clock.now, editable=False)
    conclusion = WrittenTextField(_("结论"), blank=True, default="")
    digest = models.CharField(_("指纹"), max_length=64, blank=True, editable=False)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结论人")
    )
    concluded_at = models.DateTimeField(_("结论时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = InvestigationQuerySet.as_manager()

    class Meta:
        verbose_name = _("调查")
        verbose_name_plural = pgettext_lazy("many", "调查")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="open"), name="investigation_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", concluded_at__isnull=True) | Q(state="concluded", concluded_at__isnull=False),
                name="investigation_concluded_has_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == InvestigationState.OPEN


class InvestigationEntry(EncryptedRow):
    """One question, or one statement that perhaps answers it. A trigger refuses every change and deletion."""

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="entries", verbose_name=_("调查"))
    kind = models.CharField(_("类型"), max_length=10, choices=EntryKind)
    text = WrittenTextField(_("内容"))
    answers = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="answered_by", verbose_name=_("回答的问题")
    )
    speaker = models.CharField(_("陈述人"), max_length=10, choices=Speaker, blank=True)
    digest = models.CharField(_("指纹"), max_length=64, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("记录人"))
    at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("调查记录")
        verbose_name_plural = pgettext_lazy("many", "调查记录")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class Evidence(EncryptedRow):
    """Something as it was at one moment: words kept here, or a file in the attachment store.

    `digest` is the SHA-256 (hex) of exactly these words (UTF-8) or bytes. A trigger refuses every change
    and deletion; re-encryption with a new key leaves the words, so the digest still fits.
    """

    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("工单")
    )
    case = models.ForeignKey(
        LegalCase, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("案件")
    )
    investigation = models.ForeignKey(
        Investigation, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("调查")
    )
    kind = models.CharField(_("类型"), max_length=20, choices=EvidenceKind)
    title = models.CharField(_("名称"), max_length=200)
    url = models.URLField(_("网址"), max_length=1000, blank=True)
    content = EncryptedTextField(_("内容"), blank=True, default="")
    attachment = models.ForeignKey(
        Attachment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("文件")
    )
    digest = models.CharField(_("指纹"), max_length=64, editable=False)
    size = models.PositiveBigIntegerField(_("大小"), editable=False)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("固定人"), editable=False
    )
    frozen_at = models.DateTimeField(_("固定时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("证据")
        verbose_name_plural = pgettext_lazy("many", "证据")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ticket__isnull=False) | Q(case__isnull=False), name="evidence_about_something"
            ),
        ]
        indexes = [models.Index(fields=["ticket", "id"], name="evidence_ticket")]

    def __str__(self) -> str:
        return f"{self.title} #{self.pk}"


class EvidencePack(models.Model):
    """A pack that left the house: what was in it and under which hashes. The files themselves are not kept."""

    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="evidence_packs", verbose_name=_("工单")
    )
    case = models.ForeignKey(
        LegalCase, models.PROTECT, null=True, blank=True, related_name="packs", verbose_name=_("案件")
    )
    manifest = models.JSONField(_("清单"))
    digest = models.CharField(_("清单指纹"), max_length=64)
    is_masked = models.BooleanField(_("已脱敏"))
    reason = models.CharField(_("导出原因"), max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("导出人"))
    made_at = models.DateTimeField(_("导出时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = EvidencePackQuerySet.as_manager()

    class Meta:
        verbose_name = _("证据包")
        verbose_name_plural = pgettext_lazy("many", "证据包")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.digest[:12]} #{self.pk}"


class LegalReview(EncryptedRow):
    """A question to legal staff, with the facts as they stood. Nothing else in the product reads it: it
    changes no eligibility, no floor and no sum."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="legal_reviews", verbose_name=_("工单"))
    facts = models.JSONField(_("事实"))
    question = WrittenTextField(_("提请说明"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提请人"))
    asked_at = models.DateTimeField(_("提请时间"), default=clock.now, editable=False)
    opinion = WrittenTextField(_("意见"), blank=True, default="")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("复核人")
    )
    answered_at = models.DateTimeField(_("复核时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = LegalReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("法务复核")
        verbose_name_plural = pgettext_lazy("many", "法务复核")
        ordering = ["-id"]
        permissions = [("answer_legalreview", _("可给出法务意见"))]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(answered_at=None), name="legal_review_one_open"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
