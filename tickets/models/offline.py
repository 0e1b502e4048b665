"""Complaints that were written down while the system was away, on their way to becoming tickets."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField
from tickets.choices import ImportState
from tickets.models.ticket import Ticket

if TYPE_CHECKING:
    from crm.staff.models import User


class ImportBatchQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "ImportBatchQuerySet":
        """What the person uploaded; admins and auditors see everybody's."""
        return self if user.sees_everything else self.filter(actor=user)


class ImportRowQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "ImportRowQuerySet":
        """Lines of the files the person sees."""
        return self if user.sees_everything else self.filter(batch__actor=user)


class ImportBatch(models.Model):
    """One uploaded file: looked at first, imported when somebody confirms."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人"))
    name = models.CharField(_("文件名"), max_length=200)
    created_at = models.DateTimeField(_("上传时间"), default=clock.now, editable=False)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)

    objects: ClassVar[Any] = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("离线导入")
        verbose_name_plural = pgettext_lazy("many", "离线导入")
        ordering = ["-id"]
        indexes = [models.Index(fields=["actor", "-id"], name="import_batch_actor")]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class ImportRow(EncryptedRow):
    """One line of the file: the message it holds, or what is wrong with it; later the ticket it became."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(_("行"))
    state = models.CharField(_("状态"), max_length=10, choices=ImportState)
    payload = EncryptedTextField(_("内容"), blank=True, default="")
    #: Field → sentences, as the API names fields; sentences may repeat what was written, so they are kept closed.
    errors = EncryptedTextField(_("错误"), blank=True, default="")
    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("工单")
    )

    objects: ClassVar[Any] = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("导入行")
        verbose_name_plural = pgettext_lazy("many", "导入行")
        ordering = ["batch", "line", "id"]
        indexes = [models.Index(fields=["batch", "state", "line"], name="import_row_state")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line}"
