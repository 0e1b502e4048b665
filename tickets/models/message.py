"""The conversation: messages, attachments, raw intake, attempts to reach the customer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from tickets.choices import MessageKind
from tickets.models.channel import Channel
from tickets.models.ticket import Ticket
from tickets.querysets import AttachmentQuerySet


class TicketMessage(EncryptedRow):
    """One message. The text is encrypted: people write phone numbers and addresses into it.

    `asked_again`: how many things a reply asked for that the customer had told before.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("类型"), max_length=10, choices=MessageKind)
    body = WrittenTextField(_("内容"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("作者"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    script_version = models.ForeignKey(
        "scripts_library.ScriptVersion",
        verbose_name=_("话术版本"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    external_id = models.CharField(_("外部编号"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("时间"), default=clock.now)
    asked_again = models.PositiveSmallIntegerField(_("重复询问"), default=0, db_default=0, editable=False)
    undelivered_at = models.DateTimeField(_("退信时间"), null=True, blank=True, editable=False)
    #: What the other side said, personal data masked.
    undelivered_reason = models.CharField(
        _("未送达原因"), max_length=300, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name = _("工单消息")
        verbose_name_plural = pgettext_lazy("many", "工单消息")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], condition=~Q(external_id=""), name="message_external_once"
            ),
        ]
        indexes = [models.Index(fields=["ticket", "created_at", "id"], name="message_ticket")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def is_public(self) -> bool:
        return self.kind != MessageKind.NOTE


class Attachment(models.Model):
    """A file under a random name outside the web root; served only to who may see its ticket."""

    message = models.ForeignKey(
        TicketMessage, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments"
    )
    file = models.FileField(upload_to="attachments/%Y/%m/")
    name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveBigIntegerField(_("大小"))
    content_type = models.CharField(_("文件类型"), max_length=100)
    sha256 = models.CharField(max_length=64)
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("上传时间"), default=clock.now)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("附件")
        verbose_name_plural = pgettext_lazy("many", "附件")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class InboundMessage(EncryptedRow):
    """What arrived, word for word, stored before anything is done with it.

    Nothing that happens later (triage, routing, a dying worker) can lose it: the sweep takes
    up rows in state `received` that no ticket points at. `Ticket.inbound` is unique, so a
    message can never become two tickets. The state is set by the sweep, off the hot path.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("已接收")
        PROCESSED = "processed", _("已处理")
        REJECTED = "rejected", _("已拒绝")

    channel_key = models.CharField(_("渠道"), max_length=100)
    external_id = models.CharField(_("外部编号"), max_length=200, blank=True)
    payload = EncryptedTextField(_("原文"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.RECEIVED)
    error = models.CharField(_("原因"), max_length=500, blank=True)
    received_at = models.DateTimeField(_("接收时间"), default=clock.now)

    class Meta:
        verbose_name = _("原始消息")
        verbose_name_plural = pgettext_lazy("many", "原始消息")
        constraints = [
            models.UniqueConstraint(
                fields=["channel_key", "external_id"], condition=~Q(external_id=""), name="inbound_external_once"
            )
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(state="received"), name="inbound_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_key} {self.external_id}"


class ContactAttempt(models.Model):
    """An attempt to reach the customer; three failed ones allow closing without feedback (capability B12)."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("已接通")
        UNREACHABLE = "unreachable", _("未接通")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="contact_attempts")
    outcome = models.CharField(_("结果"), max_length=20, choices=Outcome)
    note = models.CharField(_("备注"), max_length=500, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    attempted_at = models.DateTimeField(_("时间"), default=clock.now)

    class Meta:
        verbose_name = _("联系记录")
        verbose_name_plural = pgettext_lazy("many", "联系记录")
        ordering = ["attempted_at", "id"]

    def __str__(self) -> str:
        return self.get_outcome_display()
