"""How tickets hang together, and how often they were passed on."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.choices import LinkKind, TransferState
from tickets.models.channel import Queue
from tickets.models.ticket import Ticket
from tickets.querysets import TransferQuerySet


class TicketLink(models.Model):
    """Two tickets that belong together. Of `parent` and `split` the ticket is the child or the part, `other` the
    parent or the origin; `related` has no direction and is stored with the smaller id first."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links", verbose_name=_("工单"))
    other = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="back_links", verbose_name=_("关联工单"))
    kind = models.CharField(_("关系"), max_length=10, choices=LinkKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("操作人"),
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("工单关联")
        verbose_name_plural = pgettext_lazy("many", "工单关联")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "other", "kind"], name="ticket_link_once"),
            models.UniqueConstraint(fields=["ticket"], condition=Q(kind="parent"), name="ticket_link_one_parent"),
            models.CheckConstraint(condition=~Q(ticket=F("other")), name="ticket_link_two_tickets"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.other_id}"


class TicketTransfer(models.Model):
    """One time a ticket was passed on from queue to queue, by number; from the third on with a confirmation."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="transfers", verbose_name=_("工单"))
    number = models.PositiveSmallIntegerField(_("第几次"))
    source = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", verbose_name=_("转出队列"))
    target = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", verbose_name=_("转入队列"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("转出人"),
    )
    reason = models.CharField(_("原因"), max_length=500, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=TransferState, default=TransferState.DONE)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("确认人"),
    )
    approval = models.OneToOneField(
        "core.ApprovalRequest", models.PROTECT, null=True, blank=True, related_name="transfer", verbose_name=_("审批")
    )
    at = models.DateTimeField(_("时间"), default=clock.now)

    objects: ClassVar[Any] = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("转接")
        verbose_name_plural = pgettext_lazy("many", "转接")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="waiting"), name="transfer_one_waiting"),
        ]
        indexes = [
            models.Index(
                fields=["-at", "-id"], condition=Q(number__gte=3, state="done"), name="transfer_defects_newest"
            ),
            models.Index(fields=["ticket", "number"], name="transfer_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} #{self.number}"
