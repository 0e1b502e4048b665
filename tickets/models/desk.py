"""What a person at the desk has in hand: drafts, replies that wait, what was read, notices."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, WrittenTextField
from tickets.choices import DEPARTMENT_NOTICES, DraftKind, NoticeKind, WaitingState
from tickets.models.message import Attachment, TicketMessage
from tickets.models.ticket import Ticket
from tickets.querysets import NoticeQuerySet, WaitingReplyQuerySet


class Draft(EncryptedRow):
    """What one person has typed on one ticket and not sent. Only its author ever sees it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts", verbose_name=_("工单"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("作者")
    )
    kind = models.CharField(_("类型"), max_length=10, choices=DraftKind)
    body = WrittenTextField(_("内容"))
    script_version = models.ForeignKey(
        "scripts_library.ScriptVersion",
        verbose_name=_("话术版本"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="+", verbose_name=_("附件"))
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("草稿")
        verbose_name_plural = pgettext_lazy("many", "草稿")
        constraints = [models.UniqueConstraint(fields=["ticket", "author", "kind"], name="draft_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ticket_id}"


class WaitingReply(EncryptedRow):
    """A reply that goes out when its moment comes: ten seconds after sending, or at a chosen time.

    Its timer fires at `send_at`; the row says what holds. `is_chosen` tells a moment somebody chose
    from the seconds in which sending can be taken back.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="waiting_replies", verbose_name=_("工单"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("作者")
    )
    body = WrittenTextField(_("内容"))
    script_version = models.ForeignKey(
        "scripts_library.ScriptVersion",
        verbose_name=_("话术版本"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="+", verbose_name=_("附件"))
    #: What it promises about safety was confirmed by this version of the sheet, or, without a sheet, for this reason.
    safety_version = models.ForeignKey(
        "knowledge.SafetySheetVersion",
        verbose_name=_("安全资料版本"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    safety_reason = models.CharField(_("无资料时承诺的理由"), max_length=300, blank=True, default="", db_default="")
    solves = models.BooleanField(_("发送后解决"), default=False)
    is_chosen = models.BooleanField(_("定时发送"), default=False)
    send_at = models.DateTimeField(_("发送时间"))
    state = models.CharField(_("状态"), max_length=10, choices=WaitingState, default=WaitingState.WAITING)
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    message = models.OneToOneField(
        TicketMessage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("消息")
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects: ClassVar[Any] = WaitingReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("待发回复")
        verbose_name_plural = pgettext_lazy("many", "待发回复")
        ordering = ["send_at", "id"]
        indexes = [
            models.Index(fields=["ticket", "send_at"], condition=Q(state="waiting"), name="waiting_reply_ticket"),
            models.Index(fields=["author", "send_at"], condition=Q(state="waiting"), name="waiting_reply_author"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.state == WaitingState.WAITING


class TicketSeen(models.Model):
    """Until when a person has read a ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(_("已读到"), default=clock.now)

    class Meta:
        verbose_name = _("已读记录")
        verbose_name_plural = pgettext_lazy("many", "已读记录")
        constraints = [models.UniqueConstraint(fields=["user", "ticket"], name="ticket_seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.ticket_id}"


class Notice(models.Model):
    """Something one person should know about a ticket. The words follow from the kind."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", verbose_name=_("员工")
    )
    kind = models.CharField(_("类型"), max_length=30, choices=NoticeKind)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", verbose_name=_("工单"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("操作人"),
    )
    created_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)
    read_at = models.DateTimeField(_("已读时间"), null=True, blank=True)

    objects: ClassVar[Any] = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("提醒")
        verbose_name_plural = pgettext_lazy("many", "提醒")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notice_newest"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def is_for_department(self) -> bool:
        """Whether it is about a task of a department, whose people need not see the ticket."""
        return self.kind in DEPARTMENT_NOTICES
