"""Platforms: who writes from where, the key to an account, and how fast the platform wants us to answer."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, EncryptedTextField
from customers.choices import ShopPlatform
from tickets.choices import Confidence, NormUnit
from tickets.models.channel import Channel
from tickets.models.ticket import Ticket

DAY_MINUTES = 1440


class ChannelContactQuerySet(models.QuerySet["ChannelContact"]):
    """Contacts, named by what people ask for."""

    def answering(self, ticket: Ticket) -> "ChannelContact | None":
        """Whom an answer on this ticket reaches: who wrote it, or the customer's account on its channel."""
        rows = self.filter(channel=ticket.channel_id).order_by("-last_wrote_at")
        return rows.filter(ticket=ticket.pk).first() or rows.filter(ticket__customer=ticket.customer_id).first()


class ChannelContact(models.Model):
    """Somebody who writes through a channel, with the conversation that goes on.

    The row is the lock under which messages of one person become one conversation, and
    `last_wrote_at` is where the channel's window for replies begins.
    """

    channel = models.ForeignKey(Channel, verbose_name=_("渠道"), on_delete=models.CASCADE, related_name="contacts")
    external_id = models.CharField(_("平台账号"), max_length=200)
    ticket = models.ForeignKey(
        Ticket,
        verbose_name=_("工单"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="channel_contacts",
    )
    last_wrote_at = models.DateTimeField(_("最近来信"), default=clock.now)

    objects = ChannelContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("渠道联系人")
        verbose_name_plural = pgettext_lazy("many", "渠道联系人")
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="channel_contact_once")]

    def __str__(self) -> str:
        return f"{self.channel_id}:{self.pk}"


class ChannelAccess(EncryptedRow):
    """The platform's access token for a channel. Fetched under the lock of this row, so once for everybody."""

    channel = models.OneToOneField(Channel, verbose_name=_("渠道"), on_delete=models.CASCADE, related_name="access")
    token = EncryptedTextField(_("访问令牌"), null=True, blank=True)
    expires_at = models.DateTimeField(_("失效时间"), null=True, blank=True)
    refreshed_at = models.DateTimeField(_("取得时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("渠道访问令牌")
        verbose_name_plural = pgettext_lazy("many", "渠道访问令牌")

    def __str__(self) -> str:
        return f"{self.channel_id}"


class PlatformNorm(models.Model):
    """A share of customer messages that a platform wants answered by a person in time.

    The platform counts on every day, holidays too, between `opens_minute` and `closes_minute` of the
    Chinese day, over the last `window_days` days. `definition` says it in the platform's words.
    """

    code = models.CharField(_("规则编号"), max_length=20, blank=True)
    platform = models.CharField(_("平台"), max_length=20, choices=ShopPlatform)
    name = models.CharField(_("名称"), max_length=100)
    unit = models.CharField(_("计数单位"), max_length=20, choices=NormUnit, default=NormUnit.TURN)
    seconds = models.PositiveIntegerField(_("时限（秒）"), default=180)
    opens_minute = models.PositiveSmallIntegerField(_("考核开始（当日分钟）"), default=8 * 60)
    closes_minute = models.PositiveSmallIntegerField(_("考核结束（当日分钟）"), default=23 * 60)
    target = models.DecimalField(
        _("目标比率"), max_digits=4, decimal_places=3, null=True, blank=True, help_text=_("0 到 1；留空只统计。")
    )
    window_days = models.PositiveSmallIntegerField(_("滚动天数"), default=30)
    definition = models.CharField(_("平台口径"), max_length=500, blank=True)
    source = models.CharField(_("来源"), max_length=300, blank=True)
    effective_from = models.DateField(_("生效日期"), null=True, blank=True)
    confidence = models.CharField(
        _("可信度"), max_length=20, choices=Confidence, default=Confidence.PARTLY, db_default=Confidence.PARTLY
    )
    review_on = models.DateField(_("复核日期"), null=True, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("平台规则")
        verbose_name_plural = pgettext_lazy("many", "平台规则")
        ordering = ["platform", "id"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "name"], name="platform_norm_once"),
            models.CheckConstraint(
                condition=Q(opens_minute__lt=F("closes_minute")) & Q(closes_minute__lte=DAY_MINUTES),
                name="platform_norm_window",
            ),
            models.CheckConstraint(
                condition=Q(target__isnull=True) | Q(target__gte=0, target__lte=1), name="platform_norm_target"
            ),
            models.CheckConstraint(condition=Q(seconds__gt=0, window_days__gt=0), name="platform_norm_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} · {self.name}"


class PlatformTurn(models.Model):
    """A message that counts towards a norm: asked, due, and when a person answered. `event` makes it once."""

    norm = models.ForeignKey(PlatformNorm, on_delete=models.CASCADE, related_name="turns", verbose_name=_("平台规则"))
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="platform_turns", verbose_name=_("工单"))
    event = models.BigIntegerField(_("事件"), editable=False)
    shop = models.ForeignKey(
        "customers.Shop", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("店铺")
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("客服"),
    )
    asked_at = models.DateTimeField(_("来信时间"))
    due_at = models.DateTimeField(_("应回复时间"))
    answered_at = models.DateTimeField(_("回复时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("平台考核消息")
        verbose_name_plural = pgettext_lazy("many", "平台考核消息")
        constraints = [models.UniqueConstraint(fields=["norm", "event"], name="platform_turn_once")]
        indexes = [
            models.Index(fields=["ticket"], condition=Q(answered_at=None), name="platform_turn_unanswered"),
            models.Index(fields=["due_at"], condition=Q(answered_at=None), name="platform_turn_due"),
        ]

    def __str__(self) -> str:
        return f"{self.norm_id}:{self.event}"


class PlatformDay(models.Model):
    """What a day brought for a norm, by shop and by who had to answer; kept up event by event.

    `met` were answered in time, `late` after it; `seconds` is how long all answered ones waited.
    """

    norm = models.ForeignKey(PlatformNorm, on_delete=models.CASCADE, related_name="days", verbose_name=_("平台规则"))
    shop = models.ForeignKey(
        "customers.Shop", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("店铺")
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("客服"),
    )
    on = models.DateField(_("日期"))
    asked = models.IntegerField(_("应回复"), default=0)
    met = models.IntegerField(_("时限内回复"), default=0)
    late = models.IntegerField(_("超时回复"), default=0)
    seconds = models.BigIntegerField(_("回复秒数合计"), default=0)

    class Meta:
        verbose_name = _("平台考核日计")
        verbose_name_plural = pgettext_lazy("many", "平台考核日计")
        constraints = [
            models.UniqueConstraint(
                fields=["norm", "shop", "agent", "on"], nulls_distinct=False, name="platform_day_once"
            )
        ]
        indexes = [models.Index(fields=["on", "norm"], name="platform_day_window")]

    def __str__(self) -> str:
        return f"{self.norm_id} {self.on}"
