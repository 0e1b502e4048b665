"""Words of rooms."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class EntryKind(models.TextChoices):
    NOTE = "note", _("讨论")
    DECISION = "decision", pgettext_lazy("room", "决定")
    ANSWER = "answer", _("外部答复")


class GuestKind(models.TextChoices):
    CARRIER = "carrier", _("承运方")
    SUPPLIER = "supplier", _("供应商")
    PLATFORM = "platform", _("平台")
    OTHER = "other", _("其他")


class VisitKind(models.TextChoices):
    SEEN = "seen", _("查看")
    ANSWERED = "answered", _("答复")
    REFUSED = "refused", _("被拒绝")
