"""Words of on-site and door service."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AppointmentState(models.TextChoices):
    PLANNED = "planned", _("已预约")
    DONE = "done", _("已服务")
    CANCELLED = "cancelled", _("已取消")


class ServiceResult(models.TextChoices):
    """How the service at the customer's place ended."""

    SOLVED = "solved", _("已解决")
    UNSOLVED = "unsolved", _("未解决")
    ABSENT = "absent", _("客户不在")
