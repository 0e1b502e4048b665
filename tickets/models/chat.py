"""Live chat: how a channel is embedded, who writes, the conversation with the bot and its hand-over."""

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.chat_choices import HandoverReason
from tickets.models.channel import Channel
from tickets.models.message import TicketMessage
from tickets.models.ticket import Ticket
from tickets.querysets import ChatQuerySet, sight

if TYPE_CHECKING:
    from crm.staff.models import User


class ChatPartQuerySet(models.QuerySet[Any]):
    """Rows that belong to a conversation are seen with it; `reach` is the way to the conversation."""

    reach = "chat__"

    def visible_to(self, user: "User") -> "ChatPartQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user, f"{self.reach}ticket__"), **{f"{self.reach}ticket__isnull": False}).distinct()


class ChatVisitorQuerySet(ChatPartQuerySet):
    reach = "chats__"


class ChatSettings(models.Model):
    """What a chat channel shows, who may embed it, and whether the bot answers first."""

    channel = models.OneToOneField(Channel, verbose_name=_("渠道"), on_delete=models.CASCADE, related_name="chat")
    origins = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("允许嵌入的网站"),
        default=list,
        blank=True,
        help_text=_("如 https://shop.example.com，多个用逗号分隔。留空则任何网站都不能嵌入。"),
    )
    title = models.CharField(_("标题"), max_length=40, blank=True)
    acknowledgement = models.CharField(_("收到消息后的自动回复"), max_length=300, blank=True)
    is_bot_on = models.BooleanField(_("机器人先答"), default=False)

    class Meta:
        verbose_name = _("在线接待设置")
        verbose_name_plural = pgettext_lazy("many", "在线接待设置")

    def __str__(self) -> str:
        return str(self.channel)


class ChatVisitor(models.Model):
    """A browser that writes in a channel. It proves itself by a token of which only the digest is kept."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, db_default=Now(), editable=False)

    objects = ChatVisitorQuerySet.as_manager()

    class Meta:
        verbose_name = _("在线访客")
        verbose_name_plural = pgettext_lazy("many", "在线访客")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"#{self.pk}"


class Chat(models.Model):
    """One conversation of a visitor, from the first message to the end of its ticket.

    `opening_id` names the first message; the row is there before the ticket, so that a process that
    dies in between leaves a trace by which the next request finds the ticket again.
    """

    visitor = models.ForeignKey(ChatVisitor, on_delete=models.CASCADE, related_name="chats")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="chat")
    opening_id = models.CharField(max_length=200)
    language = models.CharField(max_length=10, blank=True)
    started_at = models.DateTimeField(_("开始时间"), default=clock.now)
    began_with_bot = models.BooleanField(_("机器人接待"), default=False)
    is_with_bot = models.BooleanField(_("机器人接待中"), default=False)
    handed_over_at = models.DateTimeField(_("转人工时间"), null=True, blank=True)
    handover_reason = models.CharField(_("转人工原因"), max_length=20, choices=HandoverReason, blank=True)

    objects = ChatQuerySet.as_manager()

    class Meta:
        verbose_name = _("在线会话")
        verbose_name_plural = pgettext_lazy("many", "在线会话")
        ordering = ["-started_at", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["visitor", "opening_id"], name="chat_opening_once"),
        ]
        indexes = [
            models.Index(fields=["started_at", "id"], name="chat_started"),
            models.Index(fields=["id"], condition=Q(is_with_bot=True), name="chat_with_bot"),
            models.Index(fields=["started_at"], condition=Q(ticket=None), name="chat_without_ticket"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ChatAcknowledgement(models.Model):
    """How long the customer waited for the first automatic answer to what they wrote.

    `latency_ms` counts from the moment the customer pressed send, as far as the browser tells it,
    so that a connection that was away counts as waiting.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="acknowledgements")
    message = models.OneToOneField(TicketMessage, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(_("时间"), default=clock.now)
    latency_ms = models.PositiveIntegerField(_("用时（毫秒）"))

    objects = ChatPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("自动应答")
        verbose_name_plural = pgettext_lazy("many", "自动应答")
        ordering = ["id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["at"], name="chatack_at")]

    def __str__(self) -> str:
        return f"{self.latency_ms} ms"


class BotAnswer(models.Model):
    """An answer of the bot: which version of which article, how sure, and what came of it."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="answers")
    message = models.OneToOneField(TicketMessage, on_delete=models.CASCADE, related_name="bot_answer")
    version = models.ForeignKey(
        "knowledge.ArticleVersion", verbose_name=_("文章版本"), on_delete=models.PROTECT, related_name="+"
    )
    confidence = models.FloatField(_("把握"))
    at = models.DateTimeField(_("时间"), default=clock.now)
    is_helpful = models.BooleanField(_("是否解决"), null=True, blank=True)
    solved_at = models.DateTimeField(_("解决时间"), null=True, blank=True)
    transferred_at = models.DateTimeField(_("转人工时间"), null=True, blank=True)

    objects = ChatPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("机器人回答")
        verbose_name_plural = pgettext_lazy("many", "机器人回答")
        ordering = ["id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["at"], name="botanswer_at")]

    def __str__(self) -> str:
        return f"#{self.pk}"
