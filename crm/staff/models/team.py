"""Teams, who is on them and which queues they serve."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from crm.staff.querysets import TeamQuerySet


class Team(models.Model):
    """A group of agents; teams form a tree, and a supervisor sees the branch below."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    parent = models.ForeignKey(
        "self", verbose_name=_("上级团队"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    queues: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "tickets.Queue", verbose_name=_("负责队列"), blank=True, related_name="teams"
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    objects: ClassVar = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("团队")
        verbose_name_plural = pgettext_lazy("many", "团队")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="staff_team_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.pk and self.parent_id and self.pk in Team.objects.ancestor_ids(self.parent_id):
            raise ValidationError({"parent": _("上级团队不能是自己或自己的下级。")}, code="cycle")


class Membership(models.Model):
    """A person's place on a team. Exactly one of them is the primary team."""

    user = models.ForeignKey("staff.User", verbose_name=_("员工"), on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, verbose_name=_("团队"), on_delete=models.PROTECT, related_name="memberships")
    is_primary = models.BooleanField(_("主团队"), default=False)
    created_at = models.DateTimeField(_("加入时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("团队成员")
        verbose_name_plural = pgettext_lazy("many", "团队成员")
        ordering = ["-is_primary", "team_id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="staff_membership_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_primary=True), name="staff_one_primary_team"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"
