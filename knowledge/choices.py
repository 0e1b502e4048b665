"""Words of the knowledge base."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    INTERNAL = "internal", _("仅内部")
    PUBLIC = "public", _("可对客户公开")
