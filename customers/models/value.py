"""What the nightly look at all orders found: the base as a whole, and each customer in it."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers import value
from customers.choices import ChurnBand, ChurnBasis, Segment
from customers.querysets import CustomerValueQuerySet


class CustomerSettings(models.Model):
    """From when absence is a warning, and how long nobody is asked again; one row."""

    watch_ratio = models.DecimalField(_("“注意”起点（倍）"), max_digits=4, decimal_places=2, default=Decimal("1.5"))
    warn_ratio = models.DecimalField(_("“预警”起点（倍）"), max_digits=4, decimal_places=2, default=Decimal(2))
    lost_ratio = models.DecimalField(_("“流失”起点（倍）"), max_digits=4, decimal_places=2, default=Decimal(3))
    complaint_addition = models.DecimalField(
        _("有未结投诉时加"), max_digits=4, decimal_places=2, default=Decimal("0.5"), validators=[MinValueValidator(0)]
    )
    low_score_addition = models.DecimalField(
        _("近期低分评价时加"), max_digits=4, decimal_places=2, default=Decimal("0.5"), validators=[MinValueValidator(0)]
    )
    low_score = models.PositiveSmallIntegerField(
        _("低分线"), default=2, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    low_score_days = models.PositiveSmallIntegerField(
        _("低分评价天数"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    consent_rest_days = models.PositiveSmallIntegerField(
        _("拒绝后不再询问（天）"), default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )

    class Meta:
        verbose_name = _("客户设置")
        verbose_name_plural = pgettext_lazy("many", "客户设置")
        constraints = [
            models.CheckConstraint(name="customer_settings_one_row", condition=Q(pk=1)),
            models.CheckConstraint(
                name="customer_settings_bands_rise",
                condition=Q(watch_ratio__gt=0, warn_ratio__gt=models.F("watch_ratio"))
                & Q(lost_ratio__gt=models.F("warn_ratio")),
                violation_error_message=_("三个起点须依次增大：注意、预警、流失。"),
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> "CustomerSettings":
        """The row, or the defaults while nobody has saved one."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def limits(self) -> value.Limits:
        return value.Limits(
            watch=self.watch_ratio,
            warn=self.warn_ratio,
            lost=self.lost_ratio,
            complaint=self.complaint_addition,
            low_score=self.low_score_addition,
        )


class ValueBase(models.Model):
    """The means, quintile bounds and median gaps of all customers with paid orders at a moment."""

    size = models.PositiveIntegerField(_("有消费客户数"))
    mean_recency = models.DecimalField(_("R 均值（天）"), max_digits=20, decimal_places=10)
    mean_frequency = models.DecimalField(_("F 均值（单）"), max_digits=20, decimal_places=10)
    mean_monetary = models.DecimalField(_("M 均值（元）"), max_digits=30, decimal_places=10)
    recency_bounds = ArrayField(models.IntegerField(), verbose_name=_("R 分界"))
    frequency_bounds = ArrayField(models.IntegerField(), verbose_name=_("F 分界"))
    monetary_bounds = ArrayField(models.DecimalField(max_digits=20, decimal_places=2), verbose_name=_("M 分界"))
    segment_gaps = models.JSONField(_("各类间隔中位数（天）"), default=dict)
    median_gap = models.DecimalField(_("间隔中位数（天）"), max_digits=10, decimal_places=4, null=True, blank=True)
    computed_at = models.DateTimeField(_("计算时间"))

    class Meta:
        verbose_name = _("客户价值基准")
        verbose_name_plural = pgettext_lazy("many", "客户价值基准")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.computed_at:%F} · {self.size}"

    def plain(self) -> value.Base:
        """The numbers for the arithmetic."""
        return value.Base(
            size=self.size,
            mean_recency=self.mean_recency,
            mean_frequency=self.mean_frequency,
            mean_monetary=self.mean_monetary,
            recency_bounds=self.recency_bounds,
            frequency_bounds=self.frequency_bounds,
            monetary_bounds=self.monetary_bounds,
            segment_gaps={segment: Decimal(gap) for segment, gap in self.segment_gaps.items()},
            median_gap=self.median_gap,
        )


class CustomerValue(models.Model):
    """Where one customer with paid orders stands. A customer without any has no row: 无消费."""

    customer = models.OneToOneField(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.CASCADE, related_name="standing_value"
    )
    base = models.ForeignKey(ValueBase, verbose_name=_("基准"), on_delete=models.PROTECT, related_name="values")
    recency = models.PositiveIntegerField(_("R 距上次消费（天）"))
    frequency = models.PositiveIntegerField(_("F 一年成交（单）"))
    monetary = models.DecimalField(_("M 一年净额（元）"), max_digits=20, decimal_places=2)
    segment = models.CharField(_("分类"), max_length=3, choices=Segment.choices)
    r_score = models.PositiveSmallIntegerField(_("R 分"))
    f_score = models.PositiveSmallIntegerField(_("F 分"))
    m_score = models.PositiveSmallIntegerField(_("M 分"))
    orders = models.PositiveIntegerField(_("成交订单（单）"))
    gaps = models.PositiveIntegerField(_("已知间隔（个）"))
    churn_ratio = models.DecimalField(_("流失比"), max_digits=9, decimal_places=2, null=True, blank=True)
    churn_band = models.CharField(_("流失风险"), max_length=10, choices=ChurnBand.choices, blank=True)
    churn_basis = models.CharField(_("对比依据"), max_length=10, choices=ChurnBasis.choices, blank=True)
    churn_gap = models.DecimalField(_("对比间隔（天）"), max_digits=10, decimal_places=4, null=True, blank=True)
    has_open_complaint = models.BooleanField(_("有未结投诉"), default=False)
    has_low_score = models.BooleanField(_("近期低分评价"), default=False)
    computed_at = models.DateTimeField(_("计算时间"))

    objects = CustomerValueQuerySet.as_manager()

    class Meta:
        verbose_name = _("客户价值")
        verbose_name_plural = pgettext_lazy("many", "客户价值")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["segment", "-id"], name="customer_value_segment"),
            models.Index(fields=["churn_band", "-churn_ratio", "-id"], name="customer_value_churn"),
        ]

    def __str__(self) -> str:
        return f"{self.get_segment_display()} {self.score}"

    @property
    def score(self) -> str:
        """The quintile scores R-F-M, as "555"."""
        return f"{self.r_score}{self.f_score}{self.m_score}"

    @property
    def gone_index(self) -> float | None:
        return None if self.churn_ratio is None else value.gone_index(self.churn_ratio)
