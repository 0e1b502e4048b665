from django.db import models
from django.utils.translation import gettext_lazy as _


class PlanTrigger(models.TextChoices):
    TICKET_CLOSED = "ticket_closed", _("工单关闭后")
    ORDER_SIGNED = "order_signed", _("订单签收后")
    QUARTERLY = "quarterly", _("重点客户每季度")


class VisitStatus(models.TextChoices):
    PLANNED = "planned", _("待回访")
    DONE = "done", _("已完成")
    SKIPPED = "skipped", _("已跳过")
    CANCELLED = "cancelled", _("已取消")


class VisitOutcome(models.TextChoices):
    SATISFIED = "satisfied", _("满意")
    UNSATISFIED = "unsatisfied", _("不满意")
    UNREACHABLE = "unreachable", _("未接通")


class SkipReason(models.TextChoices):
    DO_NOT_CONTACT = "do_not_contact", _("客户免打扰")
