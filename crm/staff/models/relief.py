"""请求换人: somebody at the desk asks to be relieved of a conversation that is too much."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField
from crm.staff.choices import Availability, ReliefState

if TYPE_CHECKING:
    from crm.staff.models.user import User


class ReliefQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "ReliefQuerySet":
        """One's own; for supervisors those of the people of their branch. Nobody else's business (G18)."""
        if not user.is_active:
            return self.none()
        mine = Q(person=user)
        if not user.is_supervisor:
            return self.filter(mine)
        return self.filter(mine | Q(person__in=_members_below(user)))

    def open(self) -> "ReliefQuerySet":
        return self.filter(state=ReliefState.ASKED)

    def within(self, start: Any, end: Any) -> "ReliefQuerySet":
        return self.filter(created_at__gte=start, created_at__lt=end)


def _members_below(user: "User") -> Any:
    return get_user_model()._default_manager.filter(teams__in=user.team_ids_below).values("pk")


class ReliefRequest(EncryptedRow):
    """One request. `anger_level` is that of the customer's last message when it was made (0 calm to 3)."""

    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="relief_requests", verbose_name=_("工单"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="relief_requests", verbose_name=_("请求人")
    )
    anger_level = models.PositiveSmallIntegerField(_("客户情绪"), default=0)
    note = WrittenTextField(_("说明"), blank=True, default="")
    state = models.CharField(_("状态"), max_length=10, choices=ReliefState, default=ReliefState.ASKED)
    created_at = models.DateTimeField(_("请求时间"), default=clock.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    decided_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    reason = models.CharField(_("答复"), max_length=300, blank=True)
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("接手人")
    )
    availability = models.CharField(_("换人后的状态"), max_length=10, choices=Availability, blank=True)

    objects: ClassVar[Any] = ReliefQuerySet.as_manager()

    class Meta:
        verbose_name = _("换人请求")
        verbose_name_plural = pgettext_lazy("many", "换人请求")
        ordering = ["-id"]
        permissions = [
            ("ask_relief", "Can ask to be relieved of a conversation"),
            ("grant_relief", "Can grant relief"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "person"], condition=Q(state="asked"), name="relief_one_open_request"
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_at__isnull=True) | ~Q(state="asked") & Q(decided_at__isnull=False),
                name="relief_decided_has_moment",
            ),
        ]
        indexes = [models.Index(fields=["person", "created_at"], name="relief_person")]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.pk}"
