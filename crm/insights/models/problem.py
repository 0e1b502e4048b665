"""Problem records (问题单): the root cause behind many complaints and its fix; and tasks to prevent (C17, C26)."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.registers.models import Record
from core.registers.registry import Register
from crm.insights.choices import ProblemKind, ProblemState

_S = ProblemState
PROBLEMS = Register(
    key="problem",
    states=_S,
    first=_S.OPEN,
    moves={
        _S.OPEN: (_S.ANALYSING, _S.DROPPED),
        _S.ANALYSING: (_S.FIXING, _S.DROPPED),
        _S.FIXING: (_S.SOLVED, _S.ANALYSING),
        _S.SOLVED: (_S.ANALYSING,),
        _S.DROPPED: (_S.OPEN,),
    },
    closed=frozenset({_S.SOLVED.value, _S.DROPPED.value}),
    planned=frozenset({_S.ANALYSING.value}),
)


class Problem(Record):
    """One record. `signature` names the cluster or risk point it was made of; one open record for each."""

    register = PROBLEMS

    kind = models.CharField(_("类型"), max_length=10, choices=ProblemKind, default=ProblemKind.CLUSTER)
    signature = models.CharField(max_length=330, blank=True, default="", editable=False)
    product = models.CharField(_("商品编码"), max_length=100, blank=True)
    batch = models.CharField(_("批次"), max_length=100, blank=True)
    category = models.CharField(_("问题分类"), max_length=100, blank=True)
    root_cause = models.TextField(_("根本原因"), blank=True, max_length=4000)
    fix = models.TextField(_("修复措施"), blank=True, max_length=4000)

    class Meta:
        verbose_name = _("问题单")
        verbose_name_plural = pgettext_lazy("many", "问题单")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["signature"],
                condition=~Q(signature="") & Q(state__in=["open", "analysing", "fixing"]),
                name="insights_problem_one_open",
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="insights_problem_state")]

    def lacks(self, state: str, *, actor: Any) -> dict[str, str]:
        """A fix follows a root cause; solved is what has been fixed."""
        found = super().lacks(state, actor=actor)
        if state == ProblemState.FIXING and not self.root_cause.strip():
            found["root_cause"] = translate("请先写明根本原因。")
        if state == ProblemState.SOLVED and not self.fix.strip():
            found["fix"] = translate("请先写明修复措施。")
        return found
