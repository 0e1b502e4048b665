"""Improvements of the process: the metric each should move, and the days before and after it (B18)."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.registers.models import Record
from core.registers.registry import Register
from crm.insights.choices import ImprovementSource, ImprovementState
from crm.insights.days import Period

_S = ImprovementState
IMPROVEMENTS = Register(
    key="improvement",
    states=_S,
    first=_S.PROPOSED,
    moves={
        _S.PROPOSED: (_S.ACTIVE, _S.DROPPED),
        _S.ACTIVE: (_S.MEASURING, _S.DONE, _S.DROPPED),
        _S.MEASURING: (_S.ACTIVE, _S.DONE, _S.DROPPED),
        _S.DONE: (_S.MEASURING,),
        _S.DROPPED: (_S.PROPOSED,),
    },
    closed=frozenset({_S.DONE.value, _S.DROPPED.value}),
    planned=frozenset({_S.ACTIVE.value}),
)


class Improvement(Record):
    """One item. Its figures are those of the reports over `baseline_*` and `after_*`, both ends included."""

    register = IMPROVEMENTS

    metric = models.CharField(_("指标"), max_length=64)
    queue = models.ForeignKey(
        "tickets.Queue", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("队列")
    )
    channel = models.ForeignKey(
        "tickets.Channel", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("渠道")
    )
    source = models.CharField(_("来源"), max_length=10, choices=ImprovementSource, default=ImprovementSource.STAFF)
    baseline_first = models.DateField(_("之前：从"))
    baseline_last = models.DateField(_("之前：到"))
    after_first = models.DateField(_("之后：从"), null=True, blank=True)
    after_last = models.DateField(_("之后：到"), null=True, blank=True)
    # One share of the after-sales report (crm.insights.remedies): measured by itself, not by the metric.
    finding = models.JSONField(_("售后评价的发现"), null=True, blank=True, editable=False)
    no_effect_reason = models.CharField(_("没有测得效果的说明"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("改进项")
        verbose_name_plural = pgettext_lazy("many", "改进项")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(baseline_last__gte=F("baseline_first")), name="insights_improvement_baseline"
            ),
            models.CheckConstraint(
                condition=Q(after_first__isnull=True, after_last__isnull=True)
                | Q(after_last__gte=F("after_first"), after_first__gt=F("baseline_last")),
                name="insights_improvement_after",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="insights_improvement_state")]

    @property
    def baseline(self) -> Period:
        return Period(self.baseline_first, self.baseline_last)

    @property
    def after(self) -> Period | None:
        if self.after_first is None or self.after_last is None:
            return None
        return Period(self.after_first, self.after_last)

    def has_ended(self, today: date) -> bool:
        """Whether the days after lie behind us."""
        return self.after_last is not None and self.after_last < today

    def lacks(self, state: str, *, actor: Any) -> dict[str, str]:
        """Measuring needs the days after."""
        found = super().lacks(state, actor=actor)
        if state == ImprovementState.MEASURING and self.after is None:
            found["after_first"] = translate("请先填写之后的起止日期。")
        return found
