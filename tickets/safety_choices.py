"""Words of product safety incidents."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HarmKind(models.TextChoices):
    """The gravest harm to a person."""

    NONE = "none", _("无人受伤")
    MINOR = "minor", _("轻伤或不适")
    SERIOUS = "serious", _("重伤或住院")
    DEATH = "death", _("死亡")


#: What the law calls serious: it is to be reported within two working days (S-04).
GRAVE = (HarmKind.SERIOUS, HarmKind.DEATH)
HARM_TONES: dict[str, str] = {HarmKind.DEATH: "bad", HarmKind.SERIOUS: "bad", HarmKind.MINOR: "warn"}
