"""Words of outreach: what we tell customers without having been asked."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OutreachPurpose(models.TextChoices):
    SERVICE = "service", _("服务通知")
    SHIPMENT = "shipment", _("物流异常通知")
    DISRUPTION = "disruption", _("服务中断通知")
    RECALL = "recall", _("召回通知")
    BREACH = "breach", _("个人信息事件通知")
    SURVEY = "survey", _("评价邀请")
    MARKETING = "marketing", _("营销")


class OutreachChannel(models.TextChoices):
    EMAIL = "email", _("邮件")
    CONVERSATION = "conversation", _("在线会话")
    SMS = "sms", _("短信")
    PHONE = "phone", _("人工联系")


class OutreachStatus(models.TextChoices):
    WAITING = "waiting", _("待发送")
    BY_HAND = "by_hand", _("待人工联系")
    SENT = "sent", _("已发送")
    REACHED = "reached", _("已联系到")
    FAILED = "failed", _("未送达")
    REFUSED = "refused", _("按规则未发送")
    CANCELLED = "cancelled", _("已取消")
    DRILL = "drill", _("演练，未发送")


#: What has left the house or still will.
COUNTED = (OutreachStatus.WAITING, OutreachStatus.BY_HAND, OutreachStatus.SENT, OutreachStatus.REACHED)
#: What can still be taken back.
PENDING = (OutreachStatus.WAITING, OutreachStatus.BY_HAND)


class OutreachReason(models.TextChoices):
    OPTED_OUT = "opted_out", _("客户要求免打扰")
    NO_CONSENT = "no_consent", _("没有营销同意")
    TOO_OFTEN = "too_often", _("超过联系频次")
    OPEN_COMPLAINT = "open_complaint", _("有未结投诉")
    NO_ADDRESS = "no_address", _("没有可用的联系方式")
    UNDELIVERABLE = "undeliverable", _("对方系统拒收")
    BOUNCED = "bounced", _("邮件被退回")
    UNREACHABLE = "unreachable", _("多次联系不上")
    SETTLED = "settled", _("事项已解决")
    WITHDRAWN = "withdrawn", _("发起人取消")


class ContactResult(models.TextChoices):
    """What became of a contact by hand."""

    REACHED = "reached", _("已联系到")
    UNREACHABLE = "unreachable", _("未联系上")
