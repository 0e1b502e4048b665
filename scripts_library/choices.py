"""Words of the script library."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScriptKind(models.TextChoices):
    BASIC = "basic", _("基础话术")
    PROFESSIONAL = "professional", _("专业话术")
    SITUATIONAL = "situational", _("情境话术")


# The stored words of ticket types, which live a floor above.
TICKET_TYPES = [
    ("consultation", _("咨询")),
    ("complaint", _("投诉")),
    ("after_sales", _("售后")),
    ("praise", _("表扬")),
    ("other", _("其他")),
]
