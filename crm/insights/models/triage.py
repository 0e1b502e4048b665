from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TriageDay(models.Model):
    """How many tickets that came in on a day of Shanghai were suggested one category and have another, or the same.

    Kept by the event consumer `insights.days` and made anew by `rebuild_day_counts`. Tickets without a
    suggestion, without a category, or merged into another are left out.
    """

    day = models.DateField(_("日期"))
    suggested = models.CharField(_("建议分类"), max_length=100)
    chosen = models.CharField(_("最终分类"), max_length=100)
    value = models.BigIntegerField(_("数值"))

    class Meta:
        verbose_name = _("每日分类对照")
        verbose_name_plural = pgettext_lazy("many", "每日分类对照")
        ordering = ["day", "suggested", "chosen"]
        constraints = [
            models.UniqueConstraint(fields=["day", "suggested", "chosen"], name="insights_triageday_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.suggested} → {self.chosen} {self.value}"
