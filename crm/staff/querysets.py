"""Which people, teams and keys."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from core import clock
from crm.staff.choices import Availability, Role
from crm.staff.sight import user_ids_seeing_queue

if TYPE_CHECKING:
    from crm.staff.models import ApiToken, PeakPlan, Presence, ShiftPlan, SkillGroup, Team, TemplateShift, User

#: Who has no shift this near is not planned by shifts: for them the availability alone counts.
PLANNED_WITHIN = timedelta(days=7)
_PLAIN = 100


def _rows(model: str) -> Any:
    return apps.get_model("staff", model)._default_manager


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def on_duty(self) -> "UserQuerySet":
        """Active and online: those who may be given new work."""
        return self.active().filter(availability=Availability.ONLINE)

    def dispatch_candidates(self, queue_id: int) -> "UserQuerySet":
        """Agents and leads on duty, on shift and with the skills, in a team that serves the queue, each once.

        Each with their `limit` of this moment. Nobody else is dispatched to.
        """
        return self.on_duty().serving(queue_id).on_shift(clock.now(), queue_id).with_limit()

    def serving(self, queue_id: int) -> "UserQuerySet":
        """Agents and leads of the queue's teams who have the skills it asks for."""
        member = models.Exists(
            self.model.teams.through._default_manager.filter(user=OuterRef("pk"), team__queues=queue_id)
        )
        unfit = models.Exists(
            _rows("SkillGroup").filter(queue=queue_id).exclude(skills__contained_by=OuterRef("skills"))
        )
        return self.filter(member, ~unfit, role__in=[Role.AGENT, Role.LEAD])

    def on_shift(self, moment: datetime, queue_id: int | None = None) -> "UserQuerySet":
        """Whose shift (for the queue) covers the moment; and those who are not planned by shifts at all."""
        shifts = _rows("ShiftPlan").filter(user=OuterRef("pk"))
        covering = shifts.in_force(moment).covering(moment)
        if queue_id is not None:
            covering = covering.filter(Q(queue=None) | Q(queue=queue_id))
        near = shifts.in_force(moment, or_plain=True).between(moment - PLANNED_WITHIN, moment + PLANNED_WITHIN)
        return self.filter(models.Exists(covering) | ~models.Exists(near))

    def with_limit(self) -> "UserQuerySet":
        """With `limit`: how many tickets they may have at once now, peak mode included."""
        percent = Subquery(_rows("PeakPlan").running_at(clock.now()).values("limit_percent")[:1])
        rounded_up = F("concurrency_limit") * Coalesce(percent, _PLAIN) + (_PLAIN - 1)
        return self.annotate(limit=models.ExpressionWrapper(rounded_up / _PLAIN, output_field=models.IntegerField()))

    def who_see_queue(self, queue_id: int) -> "UserQuerySet":
        """Whoever sees the queue's tickets by team or role: the other direction of `User.queue_ids`."""
        seeing = user_ids_seeing_queue(queue_id, supervisor=Role.SUPERVISOR)
        return self.filter(Q(role__in=[Role.ADMIN, Role.AUDITOR]) | Q(pk__in=seeing))

    def possible_substitutes(self, user: "User") -> "UserQuerySet":
        """Who may decide in the person's place: colleagues in sight, supervisors and admins; never auditors."""
        near = self.visible_to(user).values("pk")
        deciding = Q(role__in=[Role.SUPERVISOR, Role.ADMIN])
        return self.active().filter(deciding | Q(pk__in=near)).exclude(role=Role.AUDITOR).exclude(pk=user.pk)

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


class PresenceQuerySet(models.QuerySet["Presence"]):
    def visible_to(self, user: "User") -> "PresenceQuerySet":
        return self.filter(user__in=_rows("User").visible_to(user))

    def silent_since(self, moment: datetime) -> "PresenceQuerySet":
        """Of people who count as present, those whose last beat is that old."""
        return self.filter(beat_at__lte=moment).exclude(user__availability=Availability.OFFLINE)


class SkillGroupQuerySet(models.QuerySet["SkillGroup"]):
    def visible_to(self, user: "User") -> "SkillGroupQuerySet":
        """Groups of the queues in one's sight."""
        return self if user.sees_everything else self.filter(queue__in=user.queue_ids)


class WeekLineQuerySet(models.QuerySet["TemplateShift"]):
    def visible_to(self, user: "User") -> "WeekLineQuerySet":
        return self.filter(user__in=_rows("User").visible_to(user))


class ShiftPlanQuerySet(models.QuerySet["ShiftPlan"]):
    def visible_to(self, user: "User") -> "ShiftPlanQuerySet":
        """Shifts of those whom one sees."""
        return self if user.sees_everything else self.filter(user__in=_rows("User").visible_to(user))

    def covering(self, moment: datetime) -> "ShiftPlanQuerySet":
        """From `starts_at` up to, and without, `ends_at`."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)

    def between(self, start: datetime, end: datetime) -> "ShiftPlanQuerySet":
        """Any part of which lies in the span."""
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def in_force(self, moment: datetime, *, or_plain: bool = False) -> "ShiftPlanQuerySet":
        """Shifts that count at the moment: the peak plan's while one with a template runs, else the plain ones.

        `or_plain`: the plain ones besides the peak plan's.
        """
        peak = Subquery(_rows("PeakPlan").running_at(moment).exclude(template=None).values("pk")[:1])
        rows = self.alias(layer=Coalesce(F("peak_id"), 0)).filter
        counts = Q(layer=Coalesce(peak, 0))
        return rows(counts | Q(peak=None)) if or_plain else rows(counts)


class PeakPlanQuerySet(models.QuerySet["PeakPlan"]):
    def visible_to(self, user: "User") -> "PeakPlanQuerySet":
        """Everybody works by it, so everybody may know it."""
        return self

    def running_at(self, moment: datetime) -> "PeakPlanQuerySet":
        """The plan in force at the moment, at most one: from `starts_at` up to, and without, its end."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment).filter(
            Q(stopped_at=None) | Q(stopped_at__gt=moment)
        )

    def running_between(self, start: datetime, end: datetime) -> "PeakPlanQuerySet":
        """Plans in force during any part of the span, and not stopped before it."""
        rows = self.filter(starts_at__lt=end, ends_at__gt=start)
        return rows.filter(Q(stopped_at=None) | Q(stopped_at__gt=Greatest(F("starts_at"), start)))

    def ahead_of(self, moment: datetime) -> "PeakPlanQuerySet":
        """Running or still to come."""
        return self.filter(ends_at__gt=moment, stopped_at=None)
