"""The ticket (工单): what was asked, by when it is due, and where it stands."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow
from tickets.choices import (
    MOVES,
    OPEN_STATUSES,
    Cause,
    Confirmation,
    Metric,
    Priority,
    Severity,
    Stage,
    TicketStatus,
    TicketType,
)
from tickets.models.channel import Channel, Queue
from tickets.models.sla import SLAPolicy
from tickets.querysets import TicketQuerySet

_OPEN = Q(status__in=[str(status) for status in OPEN_STATUSES])


def make_number() -> str:
    """A ticket number: the day and eight random digits, easy to read out on the phone.

    Random, because a running number would tell strangers how many complaints a shop gets.
    """
    return f"{clock.now():%y%m%d}{secrets.randbelow(10**8):08d}"


class Ticket(EncryptedRow):
    """A request of one customer, from receipt to evaluation."""

    number = models.CharField(_("工单号"), max_length=20, unique=True, default=make_number, editable=False)
    type = models.CharField(_("类型"), max_length=20, choices=TicketType, default=TicketType.CONSULTATION)
    status = models.CharField(_("状态"), max_length=10, choices=TicketStatus, default=TicketStatus.NEW)
    priority = models.CharField(_("优先级"), max_length=10, choices=Priority, default=Priority.NORMAL)
    severity = models.CharField(_("严重程度"), max_length=10, choices=Severity, default=Severity.LOW)

    channel = models.ForeignKey(Channel, verbose_name=_("渠道"), on_delete=models.PROTECT, related_name="tickets")
    channel_given = models.CharField(_("原渠道"), max_length=100, blank=True)
    external_id = models.CharField(_("外部编号"), max_length=200, blank=True)
    inbound = models.OneToOneField(
        "tickets.InboundMessage",
        verbose_name=_("原始消息"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ticket",
    )
    shop = models.ForeignKey(
        "customers.Shop", verbose_name=_("店铺"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    shop_given = models.CharField(_("原店铺"), max_length=100, blank=True)
    product = models.CharField(_("商品编码"), max_length=100, blank=True)
    batch = models.CharField(_("批次"), max_length=100, blank=True)
    order_no = models.CharField(_("订单号"), max_length=100, blank=True)

    subject = models.CharField(_("标题"), max_length=200, blank=True)
    category = models.CharField(_("分类"), max_length=100, blank=True)
    category_confidence = models.FloatField(_("分类置信度"), null=True, blank=True)
    complaint = models.FloatField(_("投诉概率"), null=True, blank=True)
    urgent = models.FloatField(_("紧急概率"), null=True, blank=True)
    negative = models.FloatField(_("负面概率"), null=True, blank=True)
    triage_terms = models.JSONField(_("匹配词"), default=list, blank=True)
    suggested_category = models.CharField(_("建议分类"), max_length=100, blank=True)
    #: What brought the complaint about, as people found; several may have worked together.
    causes = ArrayField(
        models.CharField(max_length=12, choices=Cause), verbose_name=_("原因"), default=list, db_default=[], blank=True
    )
    needs_human_triage = models.BooleanField(_("待人工分类"), default=False)

    customer = models.ForeignKey(
        "customers.Customer",
        verbose_name=_("客户"),
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,  # two indexes below begin with it
    )
    queue = models.ForeignKey(Queue, verbose_name=_("队列"), on_delete=models.PROTECT, related_name="tickets")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("负责人"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_tickets",
    )
    sla_policy = models.ForeignKey(
        SLAPolicy, verbose_name=_("时效策略"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    first_response_due_at = models.DateTimeField(_("首响截止"), null=True, blank=True)
    next_response_due_at = models.DateTimeField(_("再次响应截止"), null=True, blank=True)
    resolution_due_at = models.DateTimeField(_("解决截止"), null=True, blank=True)
    next_due_at = models.DateTimeField(_("最近截止"), null=True, blank=True)
    first_responded_at = models.DateTimeField(_("首次响应时间"), null=True, blank=True)

    occurred_at = models.DateTimeField(_("发生时间"), default=clock.now)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now)
    updated_at = models.DateTimeField(_("更新时间"), default=clock.now)
    accepted_at = models.DateTimeField(_("受理时间"), null=True, blank=True)
    solved_at = models.DateTimeField(_("解决时间"), null=True, blank=True)
    feedback_at = models.DateTimeField(_("反馈时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("关闭时间"), null=True, blank=True)
    evaluated_at = models.DateTimeField(_("评价时间"), null=True, blank=True)
    confirmation = models.CharField(_("关闭依据"), max_length=20, choices=Confirmation, blank=True)
    solve_count = models.PositiveSmallIntegerField(_("解决次数"), default=0)
    reopen_count = models.PositiveSmallIntegerField(_("重开次数"), default=0)
    move_count = models.PositiveSmallIntegerField(_("转接次数"), default=0)
    escalation_level = models.PositiveSmallIntegerField(_("升级级别"), default=0)

    snoozed_at = models.DateTimeField(_("稍后处理起"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("稍后处理至"), null=True, blank=True)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("稍后处理人"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    last_message_at = models.DateTimeField(_("最后消息时间"), null=True, blank=True)
    last_message_kind = models.CharField(_("最后消息类型"), max_length=10, blank=True)
    last_message_preview = models.CharField(_("最后消息"), max_length=120, blank=True)
    possible_duplicate_of = models.ForeignKey(
        "self", verbose_name=_("疑似重复"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", verbose_name=_("合并到"), on_delete=models.PROTECT, null=True, blank=True, related_name="merged_tickets"
    )
    duplicate_digest = models.BinaryField(_("重复指纹"), max_length=32, null=True, editable=False)
    search = SearchVectorField(null=True, editable=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("工单")
        verbose_name_plural = pgettext_lazy("many", "工单")
        ordering = ["-created_at", "-id"]
        permissions = [
            ("assign_ticket", _("可分派工单")),
            ("reply_ticket", _("可回复工单")),
            ("escalate_ticket", _("可升级工单")),
            ("merge_ticket", _("可合并工单")),
            ("export_ticket", _("可导出工单")),
            ("supervise_ticket", _("可督办工单")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], condition=~Q(external_id=""), name="ticket_external_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="solved") | Q(solved_at__isnull=False), name="ticket_solved_has_moment"
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(closed_at__isnull=False), name="ticket_closed_has_moment"
            ),
            models.CheckConstraint(
                condition=~Q(status="open") | Q(assignee__isnull=False), name="ticket_open_has_assignee"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
            models.Index(fields=["queue", "-created_at", "-id"], name="ticket_queue_newest"),
            models.Index(fields=["customer", "-created_at"], name="ticket_customer"),
            # Whether one sees a customer, for those with thousands of tickets too.
            models.Index(fields=["customer", "queue", "assignee"], include=["id"], name="ticket_customer_sight"),
            models.Index(fields=["assignee", "-created_at", "-id"], name="ticket_assignee_newest"),
            models.Index(fields=["assignee"], condition=_OPEN, name="ticket_open_assignee"),
            models.Index(fields=["queue", "status"], condition=_OPEN, name="ticket_open_queue"),
            models.Index(fields=["next_due_at", "id"], condition=Q(next_due_at__isnull=False), name="ticket_due"),
            models.Index(fields=["queue", "created_at"], condition=Q(status="new"), name="ticket_waiting"),
            models.Index(fields=["solved_at"], condition=Q(status="solved"), name="ticket_solved"),
            models.Index(fields=["order_no"], condition=~Q(order_no=""), name="ticket_order_no"),
            models.Index(fields=["duplicate_digest", "created_at"], name="ticket_duplicate"),
            # What the statistics of complaints read, without the rows themselves.
            models.Index(
                fields=["created_at"],
                include=[
                    "id",
                    "category",
                    "solved_at",
                    "solve_count",
                    "reopen_count",
                    "sla_policy",
                    "queue",
                    "assignee",
                    "causes",
                ],
                condition=Q(type="complaint", merged_into=None),
                name="ticket_complaint_facts",
            ),
            GinIndex(fields=["search"], name="ticket_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def is_paused(self) -> bool:
        return self.status in (TicketStatus.PENDING, TicketStatus.ON_HOLD)

    @property
    def audience(self) -> list[str]:
        """Who hears of this ticket's events live: those who see its queue, and its owner."""
        owner = [f"user:{self.assignee_id}"] if self.assignee_id else []
        return [f"queue:{self.queue_id}", *owner]

    @property
    def cause_labels(self) -> list[str]:
        return [str(Cause(cause).label) for cause in self.causes]

    @property
    def stage(self) -> str:
        """The stage the customer sees (capability B01)."""
        if self.confirmation == Confirmation.CANCELLED:
            return Stage.CANCELLED
        if self.evaluated_at:
            return Stage.EVALUATED
        if self.solved_at and self.feedback_at:
            return Stage.FEEDBACK
        if self.solved_at:
            return Stage.HANDLED
        return Stage.ACCEPTED if self.accepted_at else Stage.SUBMITTED

    def allowed_actions(self) -> list[str]:
        """The actions the table of moves permits now."""
        if self.merged_into_id:
            return []
        return [str(action) for action in MOVES[self.status]]

    def due_at(self, metric: str) -> object:
        return getattr(self, f"{Metric(metric).value}_due_at")


class TicketWatcher(models.Model):
    """Somebody who sees a ticket beyond their queues: mentioned, or watching."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="watchers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20, default="watch")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("关注人")
        verbose_name_plural = pgettext_lazy("many", "关注人")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="ticket_watcher_once")]
        indexes = [models.Index(fields=["user", "ticket"], name="ticket_watcher_user")]

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.user_id}"


class TicketMerge(models.Model):
    """A merge that can be undone: what moved from the source to the target."""

    source = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="merges")
    target = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    record = models.JSONField(default=dict)
    merged_at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("工单合并")
        verbose_name_plural = pgettext_lazy("many", "工单合并")

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"


class TicketTag(models.Model):
    """A word a person put on a ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(_("标签"), max_length=50)

    class Meta:
        verbose_name = _("工单标签")
        verbose_name_plural = pgettext_lazy("many", "工单标签")
        constraints = [models.UniqueConstraint(fields=["ticket", "name"], name="ticket_tag_once")]

    def __str__(self) -> str:
        return self.name
