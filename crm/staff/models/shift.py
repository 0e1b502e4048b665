"""Who is to be at the desk when: skill groups, shifts, weekly templates."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.calendars.models import Weekday, minute_text
from crm.staff.querysets import ShiftPlanQuerySet, SkillGroupQuerySet, WeekLineQuerySet

DAY = 1440


class SkillGroup(models.Model):
    """What a queue asks of those who serve it: their skills, and hours in which somebody must be there."""

    queue = models.OneToOneField(
        "tickets.Queue", verbose_name=_("队列"), on_delete=models.CASCADE, related_name="skill_group"
    )
    skills = models.JSONField(
        _("需要技能"), default=list, blank=True, help_text=_("只分派给具备全部这些技能的客服；留空不限。")
    )
    calendar = models.ForeignKey(
        "core.BusinessCalendar",
        verbose_name=_("营业日历"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("日历休息的日子不要求有人在岗；留空则每天都要求。"),
    )
    lead_minutes = models.PositiveSmallIntegerField(
        _("提前提醒"), default=30, validators=[MaxValueValidator(DAY)], help_text=_("无人排班时，提前多少分钟提醒。")
    )

    objects: ClassVar = SkillGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("技能组")
        verbose_name_plural = pgettext_lazy("many", "技能组")
        ordering = ["queue__position", "queue_id"]

    def __str__(self) -> str:
        return f"{self.queue}"


class _WeekLine(models.Model):
    """A span of a week. Ends before it begins: it ends on the next day."""

    weekday = models.PositiveSmallIntegerField(_("星期"), choices=Weekday.choices)
    opens_minute = models.PositiveSmallIntegerField(_("开始"), validators=[MaxValueValidator(DAY - 1)])
    closes_minute = models.PositiveSmallIntegerField(
        _("结束"), validators=[MinValueValidator(1), MaxValueValidator(DAY)]
    )

    class Meta:
        abstract = True

    @property
    def hours(self) -> str:
        return f"{minute_text(self.opens_minute)}–{minute_text(self.closes_minute)}"


class GroupHours(_WeekLine):
    """Somebody of the group must be there."""

    group = models.ForeignKey(SkillGroup, verbose_name=_("技能组"), on_delete=models.CASCADE, related_name="hours")

    class Meta:
        verbose_name = _("在岗时段")
        verbose_name_plural = pgettext_lazy("many", "在岗时段")
        ordering = ["weekday", "opens_minute"]
        constraints = [
            models.UniqueConstraint(fields=["group", "weekday", "opens_minute"], name="staff_group_hours_once"),
            models.CheckConstraint(
                condition=Q(weekday__lte=6, opens_minute__lt=DAY, closes_minute__gte=1, closes_minute__lte=DAY),
                name="staff_group_hours_week",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.hours}"


class ShiftTemplate(models.Model):
    """A named week of shifts, to be copied onto dates."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    makeup_weekday = models.PositiveSmallIntegerField(
        _("调休上班日按"),
        choices=Weekday.choices,
        default=Weekday.FRIDAY,
        help_text=_("周末调休上班时，按星期几的班次排。"),
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("班次模板")
        verbose_name_plural = pgettext_lazy("many", "班次模板")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateShift(_WeekLine):
    """One person's shift on one weekday of a template."""

    template = models.ForeignKey(
        ShiftTemplate, verbose_name=_("班次模板"), on_delete=models.CASCADE, related_name="shifts"
    )
    user = models.ForeignKey("staff.User", verbose_name=_("员工"), on_delete=models.CASCADE, related_name="+")
    queue: Any = models.ForeignKey(
        "tickets.Queue", verbose_name=_("队列"), on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    objects: ClassVar = WeekLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("模板班次")
        verbose_name_plural = pgettext_lazy("many", "模板班次")
        ordering = ["weekday", "opens_minute", "user_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "user", "weekday", "opens_minute"], name="staff_template_shift_once"
            ),
            models.CheckConstraint(
                condition=Q(weekday__lte=6, opens_minute__lt=DAY, closes_minute__gte=1, closes_minute__lte=DAY),
                name="staff_template_shift_week",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_weekday_display()} {self.hours}"


class ShiftPlan(models.Model):
    """One person's shift. `queue` none: for every queue they serve. A shift of a peak plan counts only during it."""

    user = models.ForeignKey("staff.User", verbose_name=_("员工"), on_delete=models.CASCADE, related_name="shifts")
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    queue: Any = models.ForeignKey(
        "tickets.Queue", verbose_name=_("队列"), on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    template = models.ForeignKey(
        ShiftTemplate, verbose_name=_("来自模板"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    peak = models.ForeignKey(
        "staff.PeakPlan",
        verbose_name=_("大促计划"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="shifts",
    )
    created_by = models.ForeignKey(
        "staff.User", verbose_name=_("排班人"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects: ClassVar = ShiftPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("班次")
        verbose_name_plural = pgettext_lazy("many", "班次")
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="staff_shift_order"),
        ]
        indexes = [
            models.Index(fields=["user", "ends_at"], name="staff_shift_user"),
            models.Index(fields=["ends_at", "starts_at"], name="staff_shift_time"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%m-%d %H:%M}"
