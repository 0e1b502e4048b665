"""Which people, teams and keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q

from crm.staff.choices import Availability, Role

if TYPE_CHECKING:
    from crm.staff.models import ApiToken, Team, User


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def on_duty(self) -> "UserQuerySet":
        """Active and online: those who may be given new work."""
        return self.active().filter(availability=Availability.ONLINE)

    def dispatch_candidates(self, queue_id: int) -> "UserQuerySet":
        """Agents and leads on duty in a team that serves the queue, each once; nobody else is dispatched to."""
        serving = models.Exists(
            self.model.teams.through._default_manager.filter(user=models.OuterRef("pk"), team__queues=queue_id)
        )
        return self.on_duty().filter(serving, role__in=[Role.AGENT, Role.LEAD])

    def visible_to(self, user: "User") -> "UserQuerySet":
        """Oneself and colleagues: of one's own teams, for supervisors of the teams below, for
        admins and auditors everybody."""
        if user.sees_everything:
            return self
        team_ids = user.team_ids_below if user.is_supervisor else user.own_team_ids
        colleagues = self.model.teams.through._default_manager.filter(team__in=team_ids).values("user")
        return self.filter(Q(pk=user.pk) | Q(pk__in=colleagues))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Names are compared without regard to case, so that nobody can pass as a colleague."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, role=Role.ADMIN, **fields)


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: "User") -> "TeamQuerySet":
        """Own teams, for supervisors the branch below; for admins and auditors all."""
        if user.sees_everything:
            return self
        return self.filter(pk__in=user.team_ids_below if user.is_supervisor else user.own_team_ids)

    def ancestor_ids(self, team_id: int) -> set[int]:
        """The team and everything above it."""
        parents = dict(self.model._default_manager.values_list("id", "parent_id"))
        seen: set[int] = set()
        current: int | None = team_id
        while current is not None and current not in seen:
            seen.add(current)
            current = parents.get(current)
        return seen


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def working_at(self, moment: datetime) -> "ApiTokenQuerySet":
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=moment))

    def visible_to(self, user: "User") -> "ApiTokenQuerySet":
        """One's own keys; admins and auditors see that others' exist."""
        return self if user.sees_everything else self.filter(user=user)
