"""Words of parcels and what goes wrong with them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class NodeKind(models.TextChoices):
    """What a carrier reports. A parcel's stage is that of its newest node."""

    CREATED = "created", _("已下单待揽收")
    PICKED_UP = "picked_up", _("已揽收")
    IN_TRANSIT = "in_transit", _("运输中")
    OUT_FOR_DELIVERY = "out_for_delivery", _("派送中")
    DELIVERY_FAILED = "delivery_failed", _("派送失败")
    DELIVERED = "delivered", _("已签收")
    RETURNING = "returning", _("退回中")
    RETURNED = "returned", _("已退回")
    LOST = "lost", _("丢失")
    DAMAGED = "damaged", _("破损")


#: Stages in which nothing more is expected to move.
FINAL_STAGES = (NodeKind.DELIVERED, NodeKind.RETURNED, NodeKind.LOST, NodeKind.DAMAGED)


class ExceptionKind(models.TextChoices):
    NOT_PICKED_UP = "not_picked_up", _("迟迟未揽收")
    STALLED = "stalled", _("物流停滞")
    DELIVERY_FAILED = "delivery_failed", _("派送失败")
    RETURNING = "returning", _("被退回")
    LOST = "lost", _("丢失")
    DAMAGED = "damaged", _("破损")


class ExceptionStatus(models.TextChoices):
    OPEN = "open", _("待处理")
    HANDLING = "handling", _("处理中")
    RESOLVED = "resolved", _("已解决")


class Remedy(models.TextChoices):
    """What we offer a customer whose parcel is in trouble."""

    URGE = "urge", _("催促快递公司")
    REDELIVER = "redeliver", _("重新派送")
    RESEND = "resend", _("补发")
    REFUND = "refund", _("退款")
    PARTIAL = "partial", _("部分退款")
    WAIT = "wait", _("继续等待")


class Resolution(models.TextChoices):
    """How an exception ended."""

    MOVED = "moved", _("物流恢复")
    DELIVERED = "delivered", _("已签收")
    URGE = "urge", _("催促快递公司")
    REDELIVER = "redeliver", _("重新派送")
    RESEND = "resend", _("补发")
    REFUND = "refund", _("退款")
    PARTIAL = "partial", _("部分退款")
    WAIT = "wait", _("继续等待")
    NO_NEED = "no_need", _("无需处理")


#: What the world itself ends; people choose among the others.
BY_ITSELF = (Resolution.MOVED, Resolution.DELIVERED)
