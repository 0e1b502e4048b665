from typing import Any, NoReturn

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AppendOnlyError(RuntimeError):
    """An attempt to change or remove a row of history."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Events are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("Events are never deleted.")

    def visible_to(self, user: Any) -> "EventQuerySet":
        """What the user may hear of: all that is addressed to them, their queues or everybody."""
        keys = user.audience_keys()
        return self.all() if "*" in keys else self.filter(audience__overlap=sorted(keys))

    def about(self, subject_type: str, subject_id: int) -> "EventQuerySet":
        """The history of one subject, oldest first."""
        return self.filter(subject_type=subject_type, subject_id=subject_id).order_by("id")


class Event(models.Model):
    """One thing that happened. A trigger in the database refuses UPDATE and DELETE as well."""

    kind = models.CharField(_("事件"), max_length=64)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("操作人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    subject_type = models.CharField(_("对象类型"), max_length=40)
    subject_id = models.BigIntegerField(_("对象编号"), null=True, blank=True)
    # Who may hear of it live: "queue:<id>", "user:<id>", "all". Empty means nobody.
    audience = ArrayField(models.CharField(max_length=64), verbose_name=_("可见范围"), default=list, blank=True)
    payload = models.JSONField(_("内容"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    at = models.DateTimeField(_("时间"))

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("事件")
        verbose_name_plural = pgettext_lazy("many", "事件")
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="event_by_subject"),
            models.Index(fields=["kind", "at"], name="event_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type}:{self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Events are never deleted.")


class EventCursor(models.Model):
    """How far one consumer has read. Moved in the transaction of what the consumer wrote."""

    name = models.CharField(_("名称"), max_length=64, primary_key=True)
    last_id = models.BigIntegerField(default=0)
    attempt = models.PositiveIntegerField(_("尝试次数"), default=0)
    next_at = models.DateTimeField(_("下次时间"), db_default=Now())
    last_error = models.TextField(_("最近错误"), blank=True, default="")

    class Meta:
        verbose_name = _("事件游标")
        verbose_name_plural = pgettext_lazy("many", "事件游标")

    def __str__(self) -> str:
        return self.name
