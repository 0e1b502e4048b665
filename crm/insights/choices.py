"""Words of the registers that live on reports."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImprovementState(models.TextChoices):
    PROPOSED = "proposed", _("已提出")
    ACTIVE = "active", _("进行中")
    MEASURING = "measuring", _("评估中")
    DONE = "done", _("已完成")
    DROPPED = "dropped", _("已放弃")


class ProblemState(models.TextChoices):
    OPEN = "open", _("待分析")
    ANALYSING = "analysing", _("分析中")
    FIXING = "fixing", _("修复中")
    SOLVED = "solved", _("已解决")
    DROPPED = "dropped", _("已撤销")


class ProblemKind(models.TextChoices):
    """What a problem record is for."""

    CLUSTER = "cluster", _("问题单")
    PREVENTION = "prevention", _("预防任务")


class ImprovementSource(models.TextChoices):
    STAFF = "staff", _("员工")
    CUSTOMER = "customer", _("客户")
    DATA = "data", _("数据")
    FINDING = "finding", _("评价与复盘")


class InnovationKind(models.TextChoices):
    """What is new about it (D16)."""

    TECHNOLOGY = "technology", _("技术")
    MODE = "mode", _("模式")
    CONTENT = "content", _("服务内容")


class InnovationState(models.TextChoices):
    """An idea is tried, looked at, and then kept as it is, rolled out or stopped (I13)."""

    IDEA = "idea", _("想法")
    PILOT = "pilot", _("试点中")
    REVIEW = "review", _("评估中")
    KEPT = "kept", _("保持试点")
    SCALED = "scaled", _("推广")
    STOPPED = "stopped", _("停止")
    DROPPED = "dropped", _("不试了")


#: What a pilot may end with. Each needs a result.
DECISIONS = (InnovationState.KEPT, InnovationState.SCALED, InnovationState.STOPPED)
