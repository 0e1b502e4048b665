from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.moments import ClockTimestamp


class OutboxState(models.TextChoices):
    READY = "ready", _("待发送")
    SENDING = "sending", _("发送中")
    SENT = "sent", _("已发送")
    DEAD = "dead", _("已失败")


_UNSENT = Q(state__in=["ready", "sending"])


class OutboxItem(models.Model):
    """One thing to send. Written only through `core.outbox` services."""

    kind = models.CharField(_("种类"), max_length=32)
    # Constant over all tries: what lets a receiver drop a repetition.
    dedupe_key = models.TextField(_("去重键"), unique=True)
    target = models.TextField(_("目标"), blank=True, default="")
    payload = models.JSONField(_("内容"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    # Items of one lane leave in order of id, one after the other; empty = no order.
    lane = models.CharField(_("顺序通道"), max_length=120, blank=True, default="")
    state = models.CharField(_("状态"), max_length=7, choices=OutboxState, default=OutboxState.READY)
    attempt = models.PositiveIntegerField(_("失败次数"), default=0)
    # When it may be claimed: while sending, the end of the lease of the worker that holds it.
    next_at = models.DateTimeField(_("下次时间"), db_default=ClockTimestamp())
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    last_error = models.TextField(_("最近结果"), blank=True, default="")
    created_at = models.DateTimeField(_("创建时间"), db_default=ClockTimestamp())
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("待发事项")
        verbose_name_plural = pgettext_lazy("many", "发件箱")
        permissions = [("replay_outboxitem", _("可重发失败的事项"))]
        indexes = [
            models.Index(fields=["next_at"], name="outbox_unsent_by_moment", condition=_UNSENT),
            models.Index(fields=["lane", "id"], name="outbox_unsent_by_lane", condition=_UNSENT & ~Q(lane="")),
            models.Index(fields=["kind", "target", "-id"], name="outbox_by_target"),
            models.Index(fields=["id"], name="outbox_dead", condition=Q(state="dead")),
            models.Index(fields=["sent_at"], name="outbox_sent", condition=Q(state="sent")),
        ]

    def __str__(self) -> str:
        return self.dedupe_key
