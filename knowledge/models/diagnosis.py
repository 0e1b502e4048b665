"""Trees of diagnosis with reviewed versions."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.versions.models import Version, VersionedItem
from knowledge.diagnosis import tree


class DiagnosisTree(VersionedItem):
    """The questions that lead from a fault to its remedy, for one product or for any."""

    event_subject = "diagnosis_tree"

    product = models.CharField(
        _("商品编码"), max_length=100, blank=True, default="", help_text=_("留空表示各商品通用。")
    )
    live_version = models.ForeignKey(
        "DiagnosisTreeVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("故障诊断")
        verbose_name_plural = pgettext_lazy("many", "故障诊断")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="diagnosistree_key")]
        indexes: ClassVar = [models.Index(fields=["-updated_at", "-id"], name="diagnosistree_newest")]


class DiagnosisTreeVersion(Version):
    """One reviewed state of a tree. `body` says for which faults it is meant."""

    FROZEN = (*Version.FROZEN, "steps")

    item = models.ForeignKey(DiagnosisTree, models.PROTECT, related_name="versions", verbose_name=_("故障诊断"))
    steps = models.JSONField(_("步骤"), default=list)

    class Meta:
        verbose_name = _("故障诊断版本")
        verbose_name_plural = pgettext_lazy("many", "故障诊断版本")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "number"], name="diagnosistreeversion_number")]
        permissions: ClassVar = [
            ("review_diagnosistreeversion", _("审核故障诊断")),
            ("publish_diagnosistreeversion", _("发布和下线故障诊断")),
        ]

    def problems(self) -> dict[str, list[str]]:
        found = tree.problems(self.steps)
        return {"steps": found} if found else {}

    def unfinished(self) -> dict[str, list[str]]:
        found = tree.faults(tree.parse(self.steps))
        return {"steps": found} if found else {}

    @property
    def parsed(self) -> list[tree.Step]:
        return tree.parse(self.steps)

    def step(self, key: str) -> Any:
        """The step of this key; None when there is none."""
        return next((one for one in self.parsed if one.key == key), None)
