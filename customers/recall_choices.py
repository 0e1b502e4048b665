"""Words of recalls and service disruptions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RecallStatus(models.TextChoices):
    DRAFT = "draft", _("草稿")
    RUNNING = "running", _("召回中")
    CLOSED = "closed", _("已结束")


class RecallRemedy(models.TextChoices):
    REFUND = "refund", _("退货退款")
    EXCHANGE = "exchange", _("换货")
    REPAIR = "repair", _("维修")
    DISPOSE = "dispose", _("停用并退款")


class OurRole(models.TextChoices):
    """What we are to the product: whose duties the law gives us."""

    PRODUCER = "producer", _("生产者")
    IMPORTER = "importer", _("进口商")
    SELLER = "seller", _("销售者")


class AffectedStatus(models.TextChoices):
    """How far an affected order is. Later steps hold the earlier ones."""

    PENDING = "pending", _("待通知")
    UNDELIVERED = "undelivered", _("未送达")
    NOTIFIED = "notified", _("已通知")
    REACHED = "reached", _("已联系到")
    RETURNED = "returned", _("已退回")
    REMEDIED = "remedied", _("已补救")


class RecallClock(models.TextChoices):
    WORKING = "working", _("法定工作日")
    AT_ONCE = "at_once", _("立即")


class DisruptionStatus(models.TextChoices):
    DRAFT = "draft", _("草稿")
    RUNNING = "running", _("进行中")
    CLOSED = "closed", _("已结束")


class PlanKind(models.TextChoices):
    """How the amount of a plan is found."""

    FIXED = "fixed", _("每单固定金额")
    SHARE = "share", _("按实付比例")
    NONE = "none", _("不补偿")
