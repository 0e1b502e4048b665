"""What compensation may cost in a month, and when most of it was gone (capability C32)."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField

#: Percent of the budget at which those who may set it are told.
THRESHOLDS = (80, 100)


class CompensationBudget(models.Model):
    """The budget of one month, of all shops together or of one. `month` is its first day."""

    month = models.DateField(_("月份"))
    shop = models.ForeignKey(
        "customers.Shop", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("店铺")
    )
    amount = models.DecimalField(_("预算（元）"), max_digits=12, decimal_places=2, validators=[MinValueValidator(1)])
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("设置人")
    )
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("补偿预算")
        verbose_name_plural = pgettext_lazy("many", "补偿预算")
        ordering = ["-month", "id"]
        constraints = [
            models.UniqueConstraint(fields=["month", "shop"], nulls_distinct=False, name="insights_budget_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="insights_budget_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.amount}"


class BudgetAlarm(models.Model):
    """That a share of a month's budget was spent. Once for each share, whatever happens to the budget afterwards."""

    month = models.DateField(_("月份"))
    shop = models.ForeignKey(
        "customers.Shop", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("店铺")
    )
    percent = models.PositiveSmallIntegerField(_("比例（%）"))
    spent = models.DecimalField(_("已用（元）"), max_digits=14, decimal_places=2)
    amount = models.DecimalField(_("当时的预算（元）"), max_digits=12, decimal_places=2)
    at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("预算提醒")
        verbose_name_plural = pgettext_lazy("many", "预算提醒")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["month", "shop", "percent"], nulls_distinct=False, name="insights_budgetalarm_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.percent}%"
