"""Words of the staff app: roles, presence, looks."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    AGENT = "agent", _("客服专员")
    LEAD = "lead", _("组长")
    SUPERVISOR = "supervisor", _("主管")
    ADMIN = "admin", _("管理员")
    AUDITOR = "auditor", _("审计员")


class Availability(models.TextChoices):
    ONLINE = "online", _("在线")
    BUSY = "busy", _("忙碌")
    BREAK = "break", _("小休")
    OFFLINE = "offline", _("离线")


class AwayReason(models.TextChoices):
    """Why somebody was sent offline other than by their own hand."""

    GONE = "gone", _("连接中断")
    ABSENT = "absent", _("长时间未操作")
    FORCED = "forced", _("被主管强制下线")


class ReliefState(models.TextChoices):
    """Where a request to be relieved of a conversation stands."""

    ASKED = "asked", _("待主管处理")
    GRANTED = "granted", _("已换人")
    DECLINED = "declined", _("未换人")
    WITHDRAWN = "withdrawn", _("已撤回")


class Theme(models.TextChoices):
    AUTO = "auto", _("跟随系统")
    LIGHT = "light", _("浅色")
    DARK = "dark", _("深色")
