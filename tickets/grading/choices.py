"""Words of grading and raising."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GradeSource(models.TextChoices):
    RULE = "rule", _("规则")
    TRIGGER = "trigger", _("升级")
    PERSON = "person", _("人工")


class TriggerKind(models.TextChoices):
    SLA_BREACH = "sla_breach", _("时效超时")
    AMOUNT = "amount", _("金额超限")
    SAFETY = "safety", _("涉及人身安全")
    LEGAL = "legal", _("提及媒体、12315 或律师")
    IMPORTANT = "important", _("重点客户")
    SIMILAR = "similar", _("同类投诉集中")
    REOPENED = "reopened", _("第二次重开")
    LOW_SCORE = "low_score", _("客户评价不满意")
    STAFF = "staff", _("员工申请升级")


class TargetRole(models.TextChoices):
    """Who takes a raised ticket up, lowest first."""

    LEAD = "lead", _("组长")
    SUPERVISOR = "supervisor", _("主管")
    ADMIN = "admin", _("管理员")
