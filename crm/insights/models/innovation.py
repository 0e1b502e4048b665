"""Innovations (D16, I13): an idea, its pilot, what was measured, what it cost, and what was decided."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.registers.models import Record
from core.registers.registry import Register
from crm.insights.choices import DECISIONS, InnovationKind, InnovationState

_S = InnovationState
INNOVATIONS = Register(
    key="innovation",
    states=_S,
    first=_S.IDEA,
    moves={
        _S.IDEA: (_S.PILOT, _S.DROPPED),
        _S.PILOT: (_S.REVIEW, _S.STOPPED),
        _S.REVIEW: (_S.SCALED, _S.KEPT, _S.STOPPED, _S.PILOT),
        _S.KEPT: (_S.REVIEW, _S.SCALED, _S.STOPPED),
        _S.SCALED: (_S.REVIEW, _S.STOPPED),
        _S.STOPPED: (_S.IDEA,),
        _S.DROPPED: (_S.IDEA,),
    },
    # What is kept or rolled out goes on, and is looked at again.
    closed=frozenset({_S.STOPPED.value, _S.DROPPED.value}),
    planned=frozenset({_S.PILOT.value, _S.KEPT.value, _S.SCALED.value}),
)


class Innovation(Record):
    """One innovation. Figures are in the unit named by `metric`; money is in yuan."""

    register = INNOVATIONS

    kind = models.CharField(_("类型"), max_length=12, choices=InnovationKind, default=InnovationKind.TECHNOLOGY)
    pilot = models.TextField(_("试点方案"), blank=True, max_length=2000)
    pilot_first = models.DateField(_("试点：从"), null=True, blank=True)
    pilot_last = models.DateField(_("试点：到"), null=True, blank=True)
    metric = models.CharField(_("衡量指标"), max_length=100, blank=True)
    baseline = models.DecimalField(_("试点前"), max_digits=14, decimal_places=4, null=True, blank=True)
    target = models.DecimalField(_("目标"), max_digits=14, decimal_places=4, null=True, blank=True)
    result = models.DecimalField(_("结果"), max_digits=14, decimal_places=4, null=True, blank=True)
    result_n = models.PositiveIntegerField(_("样本数"), null=True, blank=True)
    result_note = models.TextField(_("结果说明"), blank=True, max_length=2000)
    budget = models.DecimalField(_("预算"), max_digits=12, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(_("实际花费"), max_digits=12, decimal_places=2, null=True, blank=True)
    decision_reason = models.CharField(_("决定理由"), max_length=500, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("决定人"),
    )
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("创新")
        verbose_name_plural = pgettext_lazy("many", "创新")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pilot_first__isnull=True)
                | Q(pilot_last__isnull=True)
                | Q(pilot_last__gte=F("pilot_first")),
                name="insights_innovation_pilot",
            ),
            models.CheckConstraint(
                condition=(Q(budget__isnull=True) | Q(budget__gte=0)) & (Q(cost__isnull=True) | Q(cost__gte=0)),
                name="insights_innovation_money",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[state.value for state in DECISIONS])
                | Q(result__isnull=False, result_n__gt=0, cost__isnull=False) & ~Q(metric=""),
                name="insights_innovation_decided",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="insights_innovation_state")]

    def lacks(self, state: str, *, actor: Any) -> dict[str, str]:
        """A pilot needs a plan and a metric; a decision needs what was measured, on how many, and the cost."""
        found = super().lacks(state, actor=actor)
        needed: dict[str, str] = {}
        if state == InnovationState.PILOT or state in DECISIONS:
            needed["metric"] = translate("请先写明衡量指标。")
        if state == InnovationState.PILOT:
            needed["pilot"] = translate("请先写明试点方案。")
        if state in DECISIONS:
            needed["result"] = translate("没有结果不能做决定，请先填写结果。")
            needed["result_n"] = translate("请先填写样本数，至少为 1。")
            needed["cost"] = translate("请先填写实际花费，没有花费填 0。")
        return found | {name: words for name, words in needed.items() if self._is_missing(name)}

    def _is_missing(self, name: str) -> bool:
        value = getattr(self, name)
        return not value if name == "result_n" else value is None or (isinstance(value, str) and not value.strip())
