"""Words of the knowledge base."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    INTERNAL = "internal", _("仅内部")
    PUBLIC = "public", _("可对客户公开")


class SafetyTermKind(models.TextChoices):
    """What a phrase does when it stands in a conversation."""

    MENTION = "mention", _("提及：显示安全资料")
    CLAIM = "claim", _("承诺：发送前须确认")
    HARMLESS = "harmless", _("不算承诺")


class DiagnosisOutcome(models.TextChoices):
    """Where a diagnosis may lead: settled by itself, or one of the outcomes of after-sales by the same name."""

    SOLVED = "solved", _("已解决，无需售后")
    REPAIR = "repair", _("维修")
    EXCHANGE = "exchange", _("换货")
    RETURN_REFUND = "return_refund", _("退货退款")
    REFUND_ONLY = "refund_only", _("仅退款")
    COMPENSATION = "compensation", _("补偿")
