from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.approvals.querysets import ApprovalRequestQuerySet, SubstitutionQuerySet
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, EncryptedTextField


class ApprovalState(models.TextChoices):
    PENDING = "pending", _("待审批")
    APPROVED = "approved", _("已批准")
    REJECTED = "rejected", _("已驳回")
    EXPIRED = "expired", _("已过期")


class AuthorityLimit(models.Model):
    """How much a role may grant alone in a day, and up to how much it may approve for others."""

    kind = models.SlugField(_("授权种类"), max_length=50)
    role = models.CharField(_("角色"), max_length=20)
    per_day = models.DecimalField(
        _("每人每日额度"), max_digits=12, decimal_places=2, null=True, blank=True, help_text=_("留空表示不限。")
    )
    approves_up_to = models.DecimalField(
        _("可审批的最高金额"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("留空表示不限；没有审批权限的角色不受影响。"),
    )
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("授权额度")
        verbose_name_plural = pgettext_lazy("many", "授权额度")
        ordering = ["kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "role"], name="core_authority_limit_once"),
            models.CheckConstraint(
                condition=(Q(per_day__isnull=True) | Q(per_day__gte=0))
                & (Q(approves_up_to__isnull=True) | Q(approves_up_to__gte=0)),
                name="core_authority_limit_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.role}"


class AuthorityDay(models.Model):
    """What a person granted alone on a day: the one row that grants at the same moment queue up for."""

    kind = models.SlugField(max_length=50)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("员工"))
    on = models.DateField(_("日期"))
    used = models.DecimalField(_("已用额度"), max_digits=12, decimal_places=2, default=0, db_default=0)

    class Meta:
        verbose_name = _("当日授权用量")
        verbose_name_plural = pgettext_lazy("many", "当日授权用量")
        constraints = [
            models.UniqueConstraint(fields=["person", "kind", "on"], name="core_authority_day_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="core_authority_day_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on:%F} {self.used}"


class Substitution(models.Model):
    """Who decides for a person in their absence: with that person's rights, but never about own requests."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="substitutions", verbose_name=_("不在的人")
    )
    substitute = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("代理人"))
    starts_at = models.DateTimeField(_("开始时间"), default=clock.now)
    ends_at = models.DateTimeField(_("结束时间"))
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects = SubstitutionQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批代理")
        verbose_name_plural = pgettext_lazy("many", "审批代理")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="core_substitution_has_length"),
            models.CheckConstraint(condition=~Q(person=F("substitute")), name="core_substitution_another"),
        ]
        indexes = [models.Index(fields=["substitute", "ends_at"], name="core_substitution_now")]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.substitute_id}"


class ApprovalRequest(EncryptedRow):
    """Something a person may not do alone, waiting for another's decision. Decided once."""

    kind = models.SlugField(_("种类"), max_length=50)
    subject_type = models.CharField(_("对象类型"), max_length=50)
    subject_id = models.BigIntegerField(_("对象"))
    title = models.CharField(_("事项"), max_length=200)
    amount = models.DecimalField(_("金额"), max_digits=12, decimal_places=2, null=True, blank=True)
    reason = models.CharField(_("需审批的原因"), max_length=500)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="approval_requests", verbose_name=_("申请人")
    )
    state = models.CharField(_("状态"), max_length=10, choices=ApprovalState.choices, default=ApprovalState.PENDING)
    audience = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(_("申请时间"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("审批期限"))
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审批人")
    )
    decided_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("代理")
    )
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    note = EncryptedTextField(_("审批意见"), blank=True, default="")

    objects = ApprovalRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批")
        verbose_name_plural = pgettext_lazy("many", "审批")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(state="pending"), name="core_approval_one_pending"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | ~Q(state="pending") & Q(decided_at__isnull=False),
                name="core_approval_decided_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(decider__isnull=True) | ~Q(decider=F("requester")), name="core_approval_not_by_requester"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at", "id"], condition=Q(state="pending"), name="core_approval_waiting"),
            models.Index(fields=["kind", "subject_id"], name="core_approval_subject"),
            models.Index(fields=["requester", "id"], name="core_approval_requester"),
        ]

    def __str__(self) -> str:
        return self.title
