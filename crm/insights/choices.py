"""Words of the registers that live on reports."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImprovementState(models.TextChoices):
    PROPOSED = "proposed", _("已提出")
    ACTIVE = "active", _("进行中")
    MEASURING = "measuring", _("评估中")
    DONE = "done", _("已完成")
    DROPPED = "dropped", _("已放弃")


class ImprovementSource(models.TextChoices):
    STAFF = "staff", _("员工")
    CUSTOMER = "customer", _("客户")
    DATA = "data", _("数据")
    FINDING = "finding", _("评价与复盘")
