"""A named selection of tickets that a person keeps and may share."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField

if TYPE_CHECKING:
    from crm.staff.models import User


class Sharing(models.TextChoices):
    """Who finds a view."""

    PRIVATE = "private", _("仅自己")
    TEAM = "team", _("团队")
    ALL = "all", _("所有人")


class Order(models.TextChoices):
    """How the tickets of a view stand; the words are those of the ticket list's address."""

    NEWEST = "newest", _("最新创建")
    OLDEST = "oldest", _("最早创建")
    DUE = "due", _("最近到期")


class SavedViewQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "SavedViewQuerySet":
        """One's own, those shared with all, and those of the person's teams (for supervisors also of the
        teams below). Nobody looks into the private views of others."""
        if not user.is_active or not user.has_perm("workbench.view_savedview"):
            return self.none()
        if user.sees_everything:
            return self.filter(Q(owner=user) | ~Q(sharing=Sharing.PRIVATE))
        shared = Q(sharing=Sharing.TEAM)
        if user.is_supervisor:
            shared &= Q(team__in=user.team_ids_below)
        else:
            places = user.teams.through._default_manager.filter(user=user)
            shared &= Q(team__in=places.values("team"))
        return self.filter(Q(owner=user) | Q(sharing=Sharing.ALL) | shared)


class SavedView(models.Model):
    """Conditions over tickets with a name. What a person sees through it is still only their own sight."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("创建人")
    )
    name = models.CharField(_("名称"), max_length=40)
    condition = models.JSONField(_("条件"), default=dict, blank=True)
    order = models.CharField(_("排序"), max_length=10, choices=Order, default=Order.DUE)
    columns = models.JSONField(_("列"), default=list, blank=True)
    sharing = models.CharField(_("共享"), max_length=10, choices=Sharing, default=Sharing.PRIVATE)
    team = models.ForeignKey(
        "staff.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("团队")
    )
    position = models.PositiveSmallIntegerField(_("次序"), default=0)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects: ClassVar = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("视图")
        verbose_name_plural = pgettext_lazy("many", "视图")
        ordering = ["position", "name", "id"]
        permissions = [("share_savedview", _("可共享视图"))]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="workbench_view_name_once"),
            models.CheckConstraint(
                condition=Q(sharing="team", team__isnull=False) | ~Q(sharing="team") & Q(team__isnull=True),
                name="workbench_view_team_when_shared",
            ),
        ]
        indexes = [models.Index(fields=["sharing", "team"], name="workbench_view_shared")]

    def __str__(self) -> str:
        return self.name

    def can_change(self, user: "User") -> bool:
        """The owner; an admin too, once others see it."""
        if not user.has_perm("workbench.change_savedview"):
            return False
        return self.owner_id == user.pk or (user.is_admin and self.sharing != Sharing.PRIVATE)
