"""Words of the script library."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScriptKind(models.TextChoices):
    BASIC = "basic", _("基础话术")
    PROFESSIONAL = "professional", _("专业话术")
    SITUATIONAL = "situational", _("情境话术")
