"""The after-sales ledger (D18): every application, decision, inspection, refund and compensation, chained by a hash."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class CheckScope(models.TextChoices):
    ALL = "all", _("全部")
    NEW = "new", _("上次以后的")


class CheckState(models.TextChoices):
    RUNNING = "running", _("正在核验")
    WHOLE = "whole", _("完好")
    BROKEN = "broken", _("被改动")


class LedgerFault(models.TextChoices):
    CHANGED = "changed", _("内容被改动")
    DELETED = "deleted", _("被删除")
    INSERTED = "inserted", _("事后插入")
    ROW_DIFFERS = "row_differs", _("单据与台账不一致")


class LedgerEntryQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "LedgerEntryQuerySet":
        """Entries of tickets the user may see; those without a ticket are for who sees everything."""
        if not user.is_active or not user.has_perm("tickets.view_ledgerentry"):
            return self.none()
        return self.all() if user.sees_everything else self.filter(sight(user, "ticket__"), ticket__isnull=False)


class LedgerEntry(models.Model):
    """The link of one event in the chain. `event_id` is no foreign key: a deleted event must leave its link behind.

    Numbers run without gaps, in the order of the events.
    """

    id = models.BigIntegerField(_("序号"), primary_key=True)
    event_id = models.BigIntegerField(_("事件"), unique=True)
    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, null=True, related_name="+", verbose_name=_("工单"))
    digest = models.BinaryField(_("指纹"), max_length=32)

    objects: ClassVar[Any] = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("售后台账")
        verbose_name_plural = pgettext_lazy("many", "售后台账")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["ticket", "id"], name="ledger_of_ticket")]

    def __str__(self) -> str:
        return f"#{self.id}"

    @property
    def number(self) -> int:
        """Its place in the chain, as people call it."""
        return self.id

    @property
    def mark(self) -> str:
        """The link as people compare it."""
        return bytes(self.digest).hex()


class LedgerCheckQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "LedgerCheckQuerySet":
        """Whoever may look into the ledger may know whether it is whole."""
        may_look = user.is_active and user.has_perm("tickets.view_ledgerentry")
        return self.all() if may_look else self.none()


class LedgerCheck(models.Model):
    """One walk along the chain, in portions. `position` and `link` are how far it has come, so it can be gone on
    with after any interruption, and the next one can begin where a whole one ended."""

    scope = models.CharField(_("范围"), max_length=3, choices=CheckScope, default=CheckScope.ALL)
    state = models.CharField(_("状态"), max_length=10, choices=CheckState, default=CheckState.RUNNING)
    position = models.BigIntegerField(_("核验到"), default=0)
    link = models.BinaryField(_("指纹"), max_length=32)
    checked = models.PositiveBigIntegerField(_("已核验"), default=0)
    fault = models.CharField(_("问题"), max_length=12, choices=LedgerFault, blank=True)
    broken_number = models.BigIntegerField(_("出问题的序号"), null=True, blank=True)
    broken_event = models.BigIntegerField(_("出问题的事件"), null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发起人")
    )
    started_at = models.DateTimeField(_("开始时间"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects: ClassVar[Any] = LedgerCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("台账核验")
        verbose_name_plural = pgettext_lazy("many", "台账核验")
        ordering = ["-id"]
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True, fault="")
                | Q(state="whole", finished_at__isnull=False, fault="")
                | Q(state="broken", finished_at__isnull=False) & ~Q(fault=""),
                name="ledger_check_state",
            )
        ]
        indexes = [models.Index(fields=["state", "-id"], name="ledger_check_state_id")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_state_display()}"

    @property
    def mark(self) -> str:
        return bytes(self.link).hex()

    @property
    def finding(self) -> str:
        """What was found, in a sentence."""
        if not self.fault:
            return ""
        label = str(LedgerFault(self.fault).label)
        if self.broken_number is None:
            return _("事件 %(event)d %(what)s") % {"event": self.broken_event, "what": label}
        return _("台账第 %(number)d 笔（事件 %(event)d）%(what)s") % {
            "number": self.broken_number,
            "event": self.broken_event,
            "what": label,
        }
