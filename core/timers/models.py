from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TimerState(models.TextChoices):
    ARMED = "armed", _("等待")
    DONE = "done", _("已触发")
    CANCELLED = "cancelled", _("已取消")
    DEAD = "dead", _("已失败")


class Timer(models.Model):
    """A due moment. Written only through `core.timers` services."""

    key = models.TextField(_("唯一键"), unique=True)
    kind = models.CharField(_("种类"), max_length=64)
    subject_type = models.CharField(_("对象类型"), max_length=40, blank=True, default="")
    subject_id = models.BigIntegerField(_("对象编号"), null=True, blank=True)
    payload = models.JSONField(_("内容"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    due_at = models.DateTimeField(_("到期时间"))
    # When a worker looks at it next: due_at, or later after a failure or a postponement.
    next_at = models.DateTimeField(_("下次时间"))
    state = models.CharField(_("状态"), max_length=9, choices=TimerState, default=TimerState.ARMED)
    attempt = models.PositiveIntegerField(_("失败次数"), default=0)
    last_error = models.TextField(_("最近错误"), blank=True, default="")
    created_at = models.DateTimeField(_("创建时间"), db_default=Now())

    class Meta:
        verbose_name = _("定时器")
        verbose_name_plural = pgettext_lazy("many", "定时器")
        permissions = [("replay_timer", _("可重放失败的定时器"))]
        indexes = [
            models.Index(fields=["next_at"], name="timer_armed_by_moment", condition=Q(state="armed")),
            models.Index(
                fields=["subject_type", "subject_id"], name="timer_armed_by_subject", condition=Q(state="armed")
            ),
            models.Index(fields=["id"], name="timer_dead", condition=Q(state="dead")),
            models.Index(fields=["due_at"], name="timer_finished", condition=Q(state__in=["done", "cancelled"])),
        ]

    def __str__(self) -> str:
        return self.key


class TimerFiring(models.Model):
    """The wall against firing twice: one row for each key and due moment that was handled."""

    timer_key = models.TextField(_("唯一键"))
    due_at = models.DateTimeField(_("到期时间"))
    fired_at = models.DateTimeField(_("触发时间"), db_default=Now())
    attempt = models.PositiveIntegerField(_("失败次数"), default=0)

    class Meta:
        verbose_name = _("触发记录")
        verbose_name_plural = pgettext_lazy("many", "触发记录")
        constraints = [models.UniqueConstraint(fields=["timer_key", "due_at"], name="timer_fires_once")]

    def __str__(self) -> str:
        return f"{self.timer_key} @ {self.due_at.isoformat()}"


class PeriodicRun(models.Model):
    """One slot of a periodic job. The unique pair lets any number of tickers run without doubling it."""

    name = models.CharField(_("名称"), max_length=64)
    slot_at = models.DateTimeField(_("时段"))
    created_at = models.DateTimeField(_("创建时间"), db_default=Now())

    class Meta:
        verbose_name = _("周期任务记录")
        verbose_name_plural = pgettext_lazy("many", "周期任务记录")
        constraints = [models.UniqueConstraint(fields=["name", "slot_at"], name="periodic_slot_once")]

    def __str__(self) -> str:
        return f"{self.name} @ {self.slot_at.isoformat()}"


class Heartbeat(models.Model):
    """When a process of a role was last seen working, by the database's clock."""

    name = models.CharField(_("进程"), max_length=120, primary_key=True)
    role = models.CharField(_("角色"), max_length=20)
    beat_at = models.DateTimeField(_("最近心跳"), db_default=Now())

    class Meta:
        verbose_name = _("心跳")
        verbose_name_plural = pgettext_lazy("many", "心跳")
        indexes = [models.Index(fields=["role", "-beat_at"], name="heartbeat_by_role")]

    def __str__(self) -> str:
        return self.name
