from django.db import models
from django.utils.translation import gettext_lazy as _


class SampleState(models.TextChoices):
    TO_CHECK = "to_check", _("待质检")
    CHECKED = "checked", _("已质检")
