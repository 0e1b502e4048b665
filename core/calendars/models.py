from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField


class HolidaySource(models.TextChoices):
    CN = "CN", _("中国大陆法定节假日与调休")


class DayKind(models.TextChoices):
    WORKING = "working", _("上班")
    CLOSED = "closed", _("休息")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("周一")
    TUESDAY = 1, _("周二")
    WEDNESDAY = 2, _("周三")
    THURSDAY = 3, _("周四")
    FRIDAY = 4, _("周五")
    SATURDAY = 5, _("周六")
    SUNDAY = 6, _("周日")


class BusinessCalendarQuerySet(models.QuerySet["BusinessCalendar"]):
    def visible_to(self, user: object) -> "BusinessCalendarQuerySet":
        """Calendars hold no personal data: every colleague may know when the team works."""
        return self

    def with_lists(self) -> "BusinessCalendarQuerySet":
        return self.prefetch_related("hours", "days")


class BusinessCalendar(models.Model):
    """When a team works. `version` grows with every change, so that remembered schedules end."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    timezone = models.CharField(_("时区"), max_length=64, default="Asia/Shanghai")
    holidays = models.CharField(
        _("节假日"), max_length=2, choices=HolidaySource.choices, default=HolidaySource.CN, null=True, blank=True
    )
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = BusinessCalendarQuerySet.as_manager()

    class Meta:
        verbose_name = _("营业日历")
        verbose_name_plural = pgettext_lazy("many", "营业日历")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """One window of a weekday, in minutes after midnight; 1440 is 24:00."""

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="hours", verbose_name=_("营业日历"))
    weekday = models.PositiveSmallIntegerField(_("星期"), choices=Weekday.choices)
    opens_minute = models.PositiveSmallIntegerField(_("开始"))
    closes_minute = models.PositiveSmallIntegerField(_("结束"))

    class Meta:
        verbose_name = _("营业时间")
        verbose_name_plural = pgettext_lazy("many", "营业时间")
        ordering = ["weekday", "opens_minute"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "opens_minute"], name="core_hours_window_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="core_hours_weekday"),
            models.CheckConstraint(
                condition=Q(opens_minute__lt=F("closes_minute"), closes_minute__lte=1440), name="core_hours_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {minute_text(self.opens_minute)}–{minute_text(self.closes_minute)}"


class CalendarDay(models.Model):
    """A calendar's own exception for one day. `hours` is a list of {"opens", "closes"}, null for the usual ones."""

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="days", verbose_name=_("营业日历"))
    on = models.DateField(_("日期"))
    kind = models.CharField(_("安排"), max_length=8, choices=DayKind.choices)
    hours = models.JSONField(_("营业时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("特别日期")
        verbose_name_plural = pgettext_lazy("many", "特别日期")
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["calendar", "on"], name="core_calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.get_kind_display()}"


class PublicHolidayYear(models.Model):
    """A year whose public days are known. Days of any other year cannot be computed."""

    country = models.CharField(_("国家"), max_length=2, choices=HolidaySource.choices, default=HolidaySource.CN)
    year = models.PositiveSmallIntegerField(_("年份"))
    source = models.CharField(_("来源"), max_length=200, blank=True)
    loaded_at = UpdatedAtField(_("维护时间"))

    class Meta:
        verbose_name = _("已维护年份")
        verbose_name_plural = pgettext_lazy("many", "已维护年份")
        ordering = ["-year"]
        constraints = [models.UniqueConstraint(fields=["country", "year"], name="core_public_year_once")]

    def __str__(self) -> str:
        return f"{self.country} {self.year}"


class PublicHoliday(models.Model):
    """A public day off, or a make-up workday (调休上班)."""

    country = models.CharField(_("国家"), max_length=2, choices=HolidaySource.choices, default=HolidaySource.CN)
    on = models.DateField(_("日期"))
    kind = models.CharField(_("安排"), max_length=8, choices=DayKind.choices)
    name = models.CharField(_("名称"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("法定节假日")
        verbose_name_plural = pgettext_lazy("many", "法定节假日")
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["country", "on"], name="core_public_holiday_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.name or self.get_kind_display()}"


def minute_text(minute: int) -> str:
    """Minutes after midnight as HH:MM; 1440 is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
