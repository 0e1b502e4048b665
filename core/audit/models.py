from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class EventSeal(models.Model):
    """The chain's link of one event. `event_id` is no foreign key: a deleted event must leave its seal behind."""

    event_id = models.BigIntegerField(_("事件"), primary_key=True)
    digest = models.BinaryField(_("指纹"), max_length=32)

    class Meta:
        verbose_name = _("历史封印")
        verbose_name_plural = pgettext_lazy("many", "历史封印")

    def __str__(self) -> str:
        return f"{self.event_id} {bytes(self.digest).hex()[:12]}"
