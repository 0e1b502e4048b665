"""What is said in public about the shop, and which complaints it belongs to."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from tickets.choices import Priority
from tickets.models.ticket import Ticket
from tickets.publicity.choices import PostPlatform, Sentiment
from tickets.publicity.querysets import PostLinkQuerySet, PublicPostQuerySet, TicketReachQuerySet


class PublicPost(EncryptedRow):
    """One post, known by its address. It may stand alone: what is watched need not be a complaint yet.

    `reach`: readers, as the platform or whoever recorded it counts them.
    """

    platform = models.CharField(_("平台"), max_length=20, choices=PostPlatform)
    url = models.CharField(_("网址"), max_length=500, unique=True)
    author = EncryptedTextField(_("发布账号"), blank=True, default="")
    excerpt = WrittenTextField(_("摘录"), blank=True, default="")
    reach = models.PositiveBigIntegerField(_("触达人数"), default=0)
    sentiment = models.CharField(_("倾向"), max_length=10, choices=Sentiment, default=Sentiment.NEGATIVE)
    posted_at = models.DateTimeField(_("发布时间"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )
    created_at = models.DateTimeField(_("登记时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = PublicPostQuerySet.as_manager()

    class Meta:
        verbose_name = _("公开帖子")
        verbose_name_plural = pgettext_lazy("many", "公开帖子")
        ordering = ["-reach", "-id"]
        permissions: ClassVar = [("link_publicpost", _("关联公开帖子与投诉"))]
        indexes: ClassVar = [
            models.Index(fields=["-reach", "-id"], name="public_post_reach"),
            models.Index(fields=["-posted_at", "-id"], name="public_post_newest"),
        ]

    def __str__(self) -> str:
        return self.url


class PostLink(models.Model):
    """A post belongs to a complaint. Taken back, the row stays and says by whom and why."""

    post = models.ForeignKey(PublicPost, models.PROTECT, related_name="links", verbose_name=_("公开帖子"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="post_links", verbose_name=_("工单"))
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("关联人")
    )
    linked_at = models.DateTimeField(_("关联时间"), default=clock.now)
    unlinked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("解除人")
    )
    unlinked_at = models.DateTimeField(_("解除时间"), null=True, blank=True)
    unlink_reason = models.CharField(_("解除原因"), max_length=300, blank=True, default="")

    objects = PostLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("帖子关联")
        verbose_name_plural = pgettext_lazy("many", "帖子关联")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "ticket"], name="post_link_once"),
            models.CheckConstraint(
                condition=Q(unlinked_at__isnull=True) | ~Q(unlink_reason=""), name="post_link_ended_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id} → {self.ticket_id}"


class ReachThreshold(models.Model):
    """From so many readers on, all linked posts together, a complaint has at least this priority."""

    reach = models.PositiveBigIntegerField(_("触达人数达到"), unique=True)
    priority = models.CharField(_("优先级至少为"), max_length=10, choices=Priority)
    is_active = models.BooleanField(_("启用"), default=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("触达阈值")
        verbose_name_plural = pgettext_lazy("many", "触达阈值")
        ordering = ["reach"]

    def __str__(self) -> str:
        return f"{self.reach} → {self.priority}"


class TicketReach(models.Model):
    """How far a complaint reaches in public, and the threshold it was raised by: each raises once."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="public_reach", verbose_name=_("工单"))
    reach = models.PositiveBigIntegerField(_("触达人数"), default=0)
    passed = models.PositiveBigIntegerField(_("已越过的阈值"), null=True, blank=True)
    raised_at = models.DateTimeField(_("升级时间"), null=True, blank=True)

    objects = TicketReachQuerySet.as_manager()

    class Meta:
        verbose_name = _("公开触达")
        verbose_name_plural = pgettext_lazy("many", "公开触达")

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.reach}"
