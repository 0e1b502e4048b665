"""What was done to many tickets at once: changes that can be taken back for a minute, and replies to an incident."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField

if TYPE_CHECKING:
    from crm.staff.models import User


class BulkAction(models.TextChoices):
    ASSIGN = "assign", _("分派")
    MOVE = "move", _("转队列")
    PRIORITY = "priority", _("改优先级")
    TAG = "tag", _("加标签")
    SOLVE = "solve", _("解决")
    SNOOZE = "snooze", _("稍后处理")


class Outcome(models.TextChoices):
    """What became of one ticket of many."""

    CHANGED = "changed", _("已处理")
    SKIPPED = "skipped", _("已跳过")
    UNDONE = "undone", _("已撤销")
    KEPT = "kept", _("未能撤销")


class OwnRows(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "OwnRows":
        """What the person did themselves; admins and auditors see everybody's."""
        return self if user.sees_everything else self.filter(actor=user)


class BulkChange(models.Model):
    """One change of many tickets by one person."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("操作人"))
    action = models.CharField(_("操作"), max_length=10, choices=BulkAction)
    values = models.JSONField(_("内容"), default=dict, blank=True)
    # Made with the form, so that pressing twice does not do it twice.
    key = models.UUIDField(unique=True, editable=False)
    created_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    undone_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    objects: ClassVar[Any] = OwnRows.as_manager()

    class Meta:
        verbose_name = _("批量操作")
        verbose_name_plural = pgettext_lazy("many", "批量操作")
        ordering = ["-id"]
        indexes = [models.Index(fields=["actor", "-id"], name="workbench_bulk_actor")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} #{self.pk}"


class BulkChangeRow(models.Model):
    """One ticket of a change: what it was before, or why it was left alone."""

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="rows")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+", verbose_name=_("工单"))
    outcome = models.CharField(_("结果"), max_length=10, choices=Outcome)
    before = models.JSONField(default=dict, blank=True)
    reason = models.CharField(_("原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("批量操作明细")
        verbose_name_plural = pgettext_lazy("many", "批量操作明细")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["change", "ticket"], name="workbench_bulk_row_once")]

    def __str__(self) -> str:
        return f"{self.change_id}/{self.ticket_id}"


class BulkReplyState(models.TextChoices):
    WAITING = "waiting", _("待发送")
    SENT = "sent", _("已发送")
    UNFILLED = "unfilled", _("无法填充")
    REFUSED = "refused", _("未发送")


class BulkReply(EncryptedRow):
    """One text for the customers of many tickets, filled for each."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("操作人"))
    body = WrittenTextField(_("内容"))
    script_version = models.ForeignKey(
        "scripts_library.ScriptVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("话术版本"),
    )
    key = models.UUIDField(unique=True, editable=False)
    created_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    objects: ClassVar[Any] = OwnRows.as_manager()

    class Meta:
        verbose_name = _("群发回复")
        verbose_name_plural = pgettext_lazy("many", "群发回复")
        ordering = ["-id"]
        indexes = [models.Index(fields=["actor", "-id"], name="workbench_reply_actor")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class BulkReplyRow(models.Model):
    """One ticket's answer. It leaves once: the state and the message are written together."""

    bulk = models.ForeignKey(BulkReply, models.CASCADE, related_name="rows")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+", verbose_name=_("工单"))
    state = models.CharField(_("状态"), max_length=10, choices=BulkReplyState, default=BulkReplyState.WAITING)
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    message = models.OneToOneField(
        "tickets.TicketMessage", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("消息")
    )
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("群发回复明细")
        verbose_name_plural = pgettext_lazy("many", "群发回复明细")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["bulk", "ticket"], name="workbench_reply_row_once"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="workbench_reply_sent_has_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id}/{self.ticket_id}"
