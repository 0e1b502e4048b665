"""Words of live chat."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HandoverReason(models.TextChoices):
    """Why the bot gave a conversation to a person."""

    ASKED = "asked", _("客户要求人工")
    COMPLAINT = "complaint", _("投诉或维权")
    ANGER = "anger", _("情绪激动")
    UNSURE = "unsure", _("没有把握")
    UNHELPFUL = "unhelpful", _("回答没有解决")
    FILES = "files", _("发来文件")
    TAKEN = "taken", _("客服接入")
    SWITCHED_OFF = "switched_off", _("机器人已关闭")
