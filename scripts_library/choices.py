"""Words of the script library."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScriptKind(models.TextChoices):
    BASIC = "basic", _("基础话术")
    PROFESSIONAL = "professional", _("专业话术")
    SITUATIONAL = "situational", _("情境话术")


class AngerLevel(models.IntegerChoices):
    """A rung of the ladder: how upset the customer is whom a script is meant for."""

    ANNOYED = 1, _("不满")
    ANGRY = 2, _("愤怒")
    FURIOUS = 3, _("激烈")


# The stored words of ticket types, which live a floor above.
TICKET_TYPES = [
    ("consultation", _("咨询")),
    ("complaint", _("投诉")),
    ("after_sales", _("售后")),
    ("praise", _("表扬")),
    ("other", _("其他")),
]
