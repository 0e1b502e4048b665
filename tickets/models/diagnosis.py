"""Runs of a tree of diagnosis on a ticket (D17)."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from knowledge.choices import DiagnosisOutcome
from tickets.models.aftersales import AfterSales
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class DiagnosisRunQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "DiagnosisRunQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_diagnosisrun"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def for_list(self) -> "DiagnosisRunQuerySet":
        """With what a row shows."""
        return self.select_related("ticket", "version__item", "actor", "aftersales").defer("ticket__search")


class DiagnosisRun(models.Model):
    """The way one person took through one version of a tree; the words are kept as they were read.

    `path`: the questions answered, oldest first: step, question, answer. `step`: what is asked now.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="diagnosis_runs", verbose_name=_("工单"))
    version = models.ForeignKey(
        "knowledge.DiagnosisTreeVersion", models.PROTECT, related_name="runs", verbose_name=_("故障诊断版本")
    )
    path = models.JSONField(_("经过"), default=list)
    step = models.CharField(_("当前步骤"), max_length=10, blank=True)
    outcome = models.CharField(_("结论"), max_length=20, choices=DiagnosisOutcome, blank=True)
    conclusion = models.CharField(_("结论说明"), max_length=300, blank=True)
    aftersales = models.ForeignKey(
        AfterSales, models.SET_NULL, null=True, blank=True, related_name="diagnosis_runs", verbose_name=_("售后单")
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("诊断人"))
    started_at = models.DateTimeField(_("开始时间"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("结束时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = DiagnosisRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("诊断记录")
        verbose_name_plural = pgettext_lazy("many", "诊断记录")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="")
                | Q(finished_at__isnull=False, step="") & ~Q(outcome=""),
                name="diagnosis_run_finished_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "-id"], name="diagnosis_run_ticket"),
            models.Index(fields=["version", "started_at", "outcome"], name="diagnosis_run_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} #{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None
