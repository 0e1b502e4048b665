"""Abuse of the people at the desk: what was said is kept sealed, and a supervisor decides what follows."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from tickets.choices import AbuseState
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class AbuseReportQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "AbuseReportQuerySet":
        """Reports on tickets the user may see."""
        if not user.is_active or not user.has_perm("tickets.view_abusereport"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def flagging(self) -> "AbuseReportQuerySet":
        """Those by which a customer is flagged now."""
        return self.filter(state=AbuseState.CONFIRMED, flagged_until__gt=clock.now())


class AbuseReport(EncryptedRow):
    """One report. `snapshot` is the conversation as it stood, `digest` the SHA-256 of exactly that text (hex);
    the digest also stands in the report's event, which the sealed history protects."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="abuse_reports", verbose_name=_("工单"))
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("报告人"))
    note = WrittenTextField(_("说明"), blank=True, default="")
    snapshot = EncryptedTextField(_("会话存证"))
    digest = models.CharField(_("指纹"), max_length=64, editable=False)
    state = models.CharField(_("状态"), max_length=10, choices=AbuseState, default=AbuseState.REPORTED)
    created_at = models.DateTimeField(_("报告时间"), default=clock.now, editable=False)
    relieved_at = models.DateTimeField(_("换人时间"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    decided_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    flagged_until = models.DateTimeField(_("标记到期"), null=True, blank=True)

    objects: ClassVar[Any] = AbuseReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("恶意攻击报告")
        verbose_name_plural = pgettext_lazy("many", "恶意攻击报告")
        ordering = ["-id"]
        permissions = [("judge_abusereport", "Can judge reports of abuse")]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="reported"), name="abuse_one_open_report"),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(flagged_until__isnull=False), name="abuse_flag_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.pk}"
