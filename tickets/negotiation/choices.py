"""Words of demands and negotiations."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Remedy(models.TextChoices):
    """What a customer asks for."""

    REFUND = "refund", _("退款")
    EXCHANGE = "exchange", _("换货")
    REPAIR = "repair", _("维修")
    COMPENSATION = "compensation", _("赔偿")
    APOLOGY = "apology", _("道歉")
    CHANGE = "change", _("整改")
    OTHER = "other", _("其他")


class NegotiationState(models.TextChoices):
    OPEN = "open", _("协商中")
    AGREED = "agreed", _("已达成")
    WALKED_AWAY = "walked_away", _("未达成")


class OfferState(models.TextChoices):
    WAITING = "waiting", _("待审批")
    OFFERED = "offered", _("待客户答复")
    ACCEPTED = "accepted", _("客户接受")
    DECLINED = "declined", _("客户不接受")
    REFUSED = "refused", _("未获批准")


class Answer(models.TextChoices):
    ACCEPTED = "accepted", _("接受")
    DECLINED = "declined", _("不接受")


#: An offer in these states stands in the way of the next one.
STANDING = (OfferState.WAITING, OfferState.OFFERED)
