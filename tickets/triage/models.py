"""Trained triage models, kept in the database so that every machine judges alike."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock


class TriageModelQuerySet(models.QuerySet["TriageModel"]):
    def live(self) -> "TriageModelQuerySet":
        """The one that judges, if any."""
        return self.filter(is_live=True)

    def without_artefact(self) -> "TriageModelQuerySet":
        """For lists: the artefact may be 20 MB."""
        return self.defer("artefact")


class TriageModel(models.Model):
    """What one training run learned, its figures on the part kept aside, and whether it judges."""

    created_at = models.DateTimeField(_("训练时间"), default=clock.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("训练人"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    metrics: Any = models.JSONField(_("指标"), default=dict)
    row_count = models.PositiveIntegerField(_("训练样本数"))
    labels: Any = models.JSONField(_("标签"), default=dict)
    artefact = models.BinaryField(_("模型数据"), editable=False)
    is_live = models.BooleanField(_("使用中"), default=False)

    objects = TriageModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("自动分类模型")
        verbose_name_plural = pgettext_lazy("many", "自动分类模型")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["is_live"], condition=models.Q(is_live=True), name="triagemodel_one_live")
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.created_at:%Y-%m-%d}"
