"""Who may manage whom."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from core.errors import NotAllowed
from crm.staff.choices import Role
from crm.staff.models import Team, User

# What a supervisor may make of somebody; higher roles are given by an admin.
SUPERVISED_ROLES = frozenset({Role.AGENT.value, Role.LEAD.value})


def require_manager(actor: User | None, codename: str, person: User | None = None) -> None:
    """Refuse unless the actor may manage people (and this person). The system may always."""
    if actor is None:
        return
    if not actor.has_perm(codename) or (person is not None and not can_manage(actor, person)):
        raise NotAllowed(_("只有管理员和主管可以管理员工，主管只能管理本团队的客服和组长。"))


def can_manage(actor: User, person: User) -> bool:
    """Admins manage everybody; supervisors the agents and leads of their own branch."""
    if actor.is_admin:
        return actor.is_active
    if not actor.has_perm("staff.change_user") or person.role not in SUPERVISED_ROLES:
        return False
    return person.pk is None or bool(person.own_team_ids & actor.team_ids_below)


def managed_ids(actor: User) -> frozenset[int]:
    """Everybody for whom `can_manage` says yes, in one statement."""
    if not actor.has_perm("staff.change_user"):
        return frozenset()
    people = User.objects.active()
    if not actor.is_admin:
        people = people.filter(role__in=SUPERVISED_ROLES, memberships__team__in=actor.team_ids_below)
    return frozenset(people.values_list("pk", flat=True))


def require_role_grant(actor: User | None, role: str) -> None:
    if actor is not None and not actor.is_admin and role not in SUPERVISED_ROLES:
        raise NotAllowed(_("只有管理员可以授予该角色。"))


def require_team_reach(actor: User | None, teams: Iterable[Team]) -> None:
    """A supervisor moves people only within the branch below."""
    if actor is None or actor.is_admin:
        return
    if any(team.pk not in actor.team_ids_below for team in teams):
        raise NotAllowed(_("只能使用自己负责的团队。"))
