"""Words of procedures."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    CANCELLED = "cancelled", _("已终止")


class StepState(models.TextChoices):
    WAITING = "waiting", _("未开始")
    ACTIVE = "active", _("进行中")
    DONE = "done", _("已完成")
    SKIPPED = "skipped", _("已跳过")


class TaskState(models.TextChoices):
    OPEN = "open", _("待办")
    DONE = "done", _("已完成")
    CANCELLED = "cancelled", _("已取消")


class DueClock(models.TextChoices):
    NATURAL = "natural", _("自然时间")
    WORKING = "working", _("工作时间")


class ProofKind(models.TextChoices):
    """What a proof is: a line of text, money, a day, one word of a list, several of them."""

    TEXT = "text", _("文字")
    MONEY = "money", _("金额")
    DATE = "date", _("日期")
    CHOICE = "choice", _("单选")
    CHOICES = "choices", _("多选")


class TaskNews(models.TextChoices):
    """What the people of a department are told of a task."""

    GIVEN = "given", _("部门有新任务")
    WITHDRAWN = "withdrawn", _("部门任务已取消")


class Alarm(models.TextChoices):
    """What people are told of when a run needs somebody."""

    UNSTAFFED = "unstaffed", _("部门无人")
    OVERDUE = "overdue", _("任务超时")
    RETURNED = "returned", _("任务被退回")
