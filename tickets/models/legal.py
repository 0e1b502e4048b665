"""Statutory deadlines, and the disputes before regulators, platforms, associations and courts they come from."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.calendars.arithmetic import DAY_MINUTES
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, WrittenTextField
from customers.choices import ShopPlatform
from tickets.choices import Confidence
from tickets.legal import Period
from tickets.legal_choices import Authority, CaseEvent, CaseOutcome, CaseState, ClockKind, Matter, PeriodUnit
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class _PeriodRow(models.Model):
    """The columns of a period."""

    amount = models.PositiveSmallIntegerField(_("时长"))
    unit = models.CharField(_("单位"), max_length=10, choices=PeriodUnit, default=PeriodUnit.DAYS)
    clock = models.CharField(_("计时"), max_length=10, choices=ClockKind, default=ClockKind.NATURAL)
    opens_minute = models.PositiveSmallIntegerField(_("每日开始（分钟）"), default=0)
    closes_minute = models.PositiveSmallIntegerField(_("每日结束（分钟）"), default=DAY_MINUTES)
    is_extended = models.BooleanField(_("末日遇节假日顺延"), default=False)
    warns = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("提醒点"), default=list, blank=True)

    class Meta:
        abstract = True

    @property
    def period(self) -> Period:
        """As arithmetic. Raises ValueError for columns that make no period."""
        return Period(
            self.amount, self.unit, self.clock, self.opens_minute, self.closes_minute, is_extended=self.is_extended
        )


class LegalRule(_PeriodRow):
    """A period of law or of a platform, with where it is from and how sure we are of it. Changing it does
    not touch deadlines that run already."""

    code = models.CharField(_("规则编号"), max_length=40, unique=True)
    title = models.CharField(_("事项"), max_length=100)
    starts = models.CharField(_("起算"), max_length=20, choices=CaseEvent)
    provisional = models.CharField(_("暂按此起算"), max_length=20, choices=CaseEvent, blank=True)
    authorities = ArrayField(
        models.CharField(max_length=20, choices=Authority), verbose_name=_("适用机关"), default=list, blank=True
    )
    platform = models.CharField(_("适用平台"), max_length=20, choices=ShopPlatform, blank=True)
    is_ours = models.BooleanField(_("我方时限"), default=True)
    source_title = models.CharField(_("来源"), max_length=200)
    source_article = models.CharField(_("条款"), max_length=200, blank=True)
    source_url = models.URLField(_("来源网址"), max_length=500, blank=True)
    effective_from = models.DateField(_("生效日期"), null=True, blank=True)
    effective_to = models.DateField(_("失效日期"), null=True, blank=True)
    confidence = models.CharField(_("可信度"), max_length=20, choices=Confidence, default=Confidence.PARTLY)
    checked_on = models.DateField(_("核对日期"), null=True, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("法定时限规则")
        verbose_name_plural = pgettext_lazy("many", "法定时限规则")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="legal_rule_amount"),
            models.CheckConstraint(
                condition=Q(opens_minute__lt=models.F("closes_minute"), closes_minute__lte=DAY_MINUTES),
                name="legal_rule_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def basis(self) -> str:
        return f"{self.source_title} {self.source_article}".strip()


def case_sight(user: "User", prefix: str = "") -> Q:
    """Cases of tickets one may see, one's own, and for who answers for all of them those without a ticket."""
    if user.sees_everything:
        return Q()
    own = sight(user, f"{prefix}ticket__") & Q((f"{prefix}ticket__isnull", False))
    own |= Q((f"{prefix}owner", user)) | Q((f"{prefix}created_by", user))
    if user.has_perm("tickets.close_legalcase"):
        own |= Q((f"{prefix}ticket__isnull", True)) & Q((f"{prefix}pk__isnull", False))
    return own


class LegalCaseQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "LegalCaseQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_legalcase"):
            return self.none()
        return self.filter(case_sight(user))

    def for_list(self) -> "LegalCaseQuerySet":
        """With what a row shows."""
        return self.select_related("ticket", "owner", "created_by", "closed_by").defer("ticket__search")


class LegalCase(EncryptedRow):
    """A dispute before somebody who may decide it. `platform` is named for platform disputes; empty when unknown."""

    authority = models.CharField(_("机关"), max_length=20, choices=Authority)
    platform = models.CharField(_("平台"), max_length=20, choices=ShopPlatform, blank=True)
    matter = models.CharField(_("性质"), max_length=10, choices=Matter, default=Matter.COMPLAINT)
    external_number = models.CharField(_("外部编号"), max_length=100)
    received_at = models.DateTimeField(_("收到时间"))
    reply_due_at = models.DateTimeField(_("通知写明的答复期限"), null=True, blank=True)
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="legal_cases", verbose_name=_("工单")
    )
    companion = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("同一来件的另一案")
    )
    summary = WrittenTextField(_("事由"), blank=True, default="")
    state = models.CharField(_("状态"), max_length=10, choices=CaseState, default=CaseState.OPEN, editable=False)
    outcome = models.CharField(_("结果"), max_length=10, choices=CaseOutcome, blank=True)
    outcome_note = WrittenTextField(_("结果说明"), blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"), editable=False
    )
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结案人")
    )
    closed_at = models.DateTimeField(_("结案时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = LegalCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("监管与平台争议")
        verbose_name_plural = pgettext_lazy("many", "监管与平台争议")
        ordering = ["-id"]
        permissions = [("close_legalcase", _("可结案"))]
        constraints = [
            models.UniqueConstraint(
                fields=["authority", "platform", "matter", "external_number"], name="legal_case_once"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, outcome="")
                | Q(state="closed", closed_at__isnull=False) & ~Q(outcome=""),
                name="legal_case_closed_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="legal_case_state"),
            models.Index(fields=["ticket", "-id"], name="legal_case_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.get_authority_display()} {self.external_number}"

    @property
    def is_open(self) -> bool:
        return self.state == CaseState.OPEN


class LegalMoment(models.Model):
    """Something that happened to a case, with its moment; periods begin here."""

    case = models.ForeignKey(LegalCase, models.PROTECT, related_name="moments", verbose_name=_("案件"))
    event = models.CharField(_("事件"), max_length=20, choices=CaseEvent)
    at = models.DateTimeField(_("时间"))
    note = models.CharField(_("说明"), max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("案件进展")
        verbose_name_plural = pgettext_lazy("many", "案件进展")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.get_event_display()} #{self.pk}"


class LegalClockQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "LegalClockQuerySet":
        """Deadlines of tickets one may see, and of cases one may see."""
        if not user.is_active or not user.has_perm("tickets.view_legalclock"):
            return self.none()
        if user.sees_everything:
            return self.all()
        return self.filter(sight(user, "ticket__") & Q(ticket__isnull=False) | case_sight(user, "case__"))

    def running(self) -> "LegalClockQuerySet":
        """Neither done nor dropped nor missed."""
        return self.filter(met_at=None, dropped_at=None, missed_at=None)

    def to_explain(self) -> "LegalClockQuerySet":
        """Our own that were missed and have no cause and remedy yet."""
        return self.filter(is_ours=True, missed_at__isnull=False, explained_at=None, dropped_at=None)

    def for_list(self) -> "LegalClockQuerySet":
        """With what a row shows."""
        return self.select_related("rule", "ticket", "case", "owner", "explained_by").defer("ticket__search")


class LegalClock(EncryptedRow, _PeriodRow):
    """One statutory deadline. The period stands here as it was when it began, whatever becomes of its rule.

    `key` names it for good ("case:5:authority.reply"). `due_at` is empty while the calendar does not know
    the year (`problem` says so) or while the time stands still. A missed one of ours wants cause and remedy.
    """

    rule = models.ForeignKey(LegalRule, models.PROTECT, related_name="clocks", verbose_name=_("规则"))
    key = models.CharField(_("键"), max_length=120, unique=True, editable=False)
    title = models.CharField(_("事项"), max_length=100)
    basis = models.CharField(_("依据"), max_length=401, blank=True)
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="legal_clocks", verbose_name=_("工单")
    )
    case = models.ForeignKey(
        LegalCase, models.PROTECT, null=True, blank=True, related_name="clocks", verbose_name=_("案件")
    )
    is_ours = models.BooleanField(_("我方时限"), default=True)
    is_provisional = models.BooleanField(_("暂估"), default=False)
    started_at = models.DateTimeField(_("起算时间"))
    due_at = models.DateTimeField(_("截止时间"), null=True, blank=True)
    problem = models.CharField(_("无法计算"), max_length=100, blank=True)
    pauses = models.JSONField(_("暂停"), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    met_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    missed_at = models.DateTimeField(_("错过时间"), null=True, blank=True)
    dropped_at = models.DateTimeField(_("不再适用"), null=True, blank=True)
    drop_reason = models.CharField(_("不适用原因"), max_length=300, blank=True)
    cause = WrittenTextField(_("错过原因"), blank=True, default="")
    remedy = WrittenTextField(_("补救措施"), blank=True, default="")
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("说明人")
    )
    explained_at = models.DateTimeField(_("说明时间"), null=True, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = LegalClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("法定时限")
        verbose_name_plural = pgettext_lazy("many", "法定时限")
        ordering = ["due_at", "id"]
        permissions = [("explain_legalclock", _("可说明错过的法定时限"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(ticket__isnull=False) | Q(case__isnull=False), name="legal_clock_about_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(met_at=None, dropped_at=None, missed_at=None),
                name="legal_clock_running",
            ),
            models.Index(
                fields=["missed_at", "id"],
                condition=Q(missed_at__isnull=False, explained_at=None),
                name="legal_clock_missed",
            ),
            models.Index(fields=["met_at", "id"], condition=Q(met_at__isnull=False), name="legal_clock_met"),
        ]

    def __str__(self) -> str:
        return f"{self.title} #{self.pk}"

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.dropped_at is None and self.missed_at is None

    @property
    def wants_explanation(self) -> bool:
        return self.is_ours and self.missed_at is not None and self.explained_at is None and self.dropped_at is None

    @property
    def is_paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None
