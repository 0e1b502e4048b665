"""Staff accounts: make, change, password, deactivation."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.choices import Availability
from crm.staff.models import Membership, Team, User
from crm.staff.services.guards import require_manager, require_role_grant, require_team_reach
from crm.staff.token_cache import forget_tokens_of
from tickets.services import routing

_CHANGEABLE = frozenset({"display_name", "email", "role", "concurrency_limit", "skills", "is_active"})
# Changing one of these ends the person's sessions: what they may do is another thing now.
_ENDS_SESSIONS = frozenset({"role", "is_active"})


def create_staff(
    *,
    username: str,
    role: str,
    actor: User | None,
    password: str | None = None,
    teams: Sequence[Team] = (),
    primary_team: Team | None = None,
    **details: Any,
) -> User:
    """Make a person. Without a password nobody can sign in until one is set.

    `teams[0]` is the primary team unless `primary_team` says otherwise. Raises InvalidInput for a
    taken username or a weak password, NotAllowed when the actor may not give the role or the team.
    """
    require_manager(actor, "staff.add_user")
    require_role_grant(actor, role)
    require_team_reach(actor, teams)
    if actor is not None and not actor.is_admin and not teams:
        raise InvalidInput(_("请选择团队。"), fields={"teams": [str(_("请选择团队。"))]})
    person = User(username=User.normalize_username(username), role=role, **details)
    if password is not None:
        require_good_password(password, person)
    person.set_password(password)
    person.password_changed_at = clock.now() if password is not None else None
    with transaction.atomic():
        _insert(person)
        _set_teams(person, teams, primary_team)
        _record("staff.created", person, actor, username=person.username, role=role, teams=[t.pk for t in teams])
    return person


def change_staff(
    *,
    user: User,
    actor: User | None,
    teams: Sequence[Team] | None = None,
    primary_team: Team | None = None,
    **changes: Any,
) -> User:
    """Change the named fields and, when given, the whole list of teams.

    A changed role or a deactivation ends the person's sessions and keys at once.
    """
    require_manager(actor, "staff.change_user", user)
    _refuse_self_promotion(user, actor, changes)
    if "role" in changes:
        require_role_grant(actor, changes["role"])
    if teams is not None:
        require_team_reach(actor, [team for team in teams if team.pk not in user.own_team_ids])
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        changed = _apply(locked, changes)
        if changed:
            locked.save(update_fields=sorted(changed | _session_fields(locked, changed)))
        if "is_active" in changed and not locked.is_active:
            routing.release_agent(agent=locked, actor=actor, live_only=True, reason="deactivated")
        if teams is not None or primary_team is not None:
            _set_teams(locked, _kept_teams(locked, teams), primary_team)
        _record("staff.changed", locked, actor, **_what_changed(locked, changed, teams))
        transaction.on_commit(lambda: forget_tokens_of(locked.pk))
    return User.objects.get(pk=user.pk)


def set_password(*, user: User, password: str, actor: User | None) -> None:
    """Give a new password. Every session opened with the old one ends at its next request."""
    require_good_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.password_changed_at = clock.now()
        user.save(update_fields=["password", "password_changed_at"])
        _record("staff.password_changed", user, actor)


def reset_password(*, user: User, password: str, actor: User) -> None:
    """A manager gives somebody else a new password."""
    require_manager(actor, "staff.change_user", user)
    set_password(user=user, password=password, actor=actor)


def require_good_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), fields={"password": error.messages}) from error


def _refuse_self_promotion(user: User, actor: User | None, changes: dict[str, Any]) -> None:
    """Nobody can lock themselves out or lift themselves up, an admin neither."""
    if actor is None or actor.pk != user.pk:
        return
    if changes.get("role", user.role) != user.role or changes.get("is_active", True) is False:
        raise NotAllowed(_("不能修改自己的角色，也不能停用自己。"))


def _insert(person: User) -> None:
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as error:
        if "username" not in str(error):
            raise
        sentence = str(_("该用户名已被使用。"))
        raise InvalidInput(sentence, fields={"username": [sentence]}) from error


def _apply(person: User, changes: dict[str, Any]) -> set[str]:
    unknown = set(changes) - _CHANGEABLE
    if unknown:
        raise TypeError(f"change_staff cannot change {', '.join(sorted(unknown))}.")
    changed = {name for name, value in changes.items() if getattr(person, name) != value}
    for name in changed:
        setattr(person, name, changes[name])
    return changed


def _session_fields(person: User, changed: set[str]) -> set[str]:
    """Raise the session epoch when rights change; who is deactivated is not on duty any more."""
    if not changed & _ENDS_SESSIONS:
        return set()
    person.session_epoch += 1
    if person.is_active:
        return {"session_epoch"}
    person.availability = Availability.OFFLINE
    return {"session_epoch", "availability"}


def _kept_teams(person: User, teams: Sequence[Team] | None) -> Sequence[Team]:
    return list(teams) if teams is not None else list(person.teams.all())


def _set_teams(person: User, teams: Sequence[Team], primary_team: Team | None) -> None:
    """Make the memberships exactly these, the first (or the named one) primary."""
    ordered = [team for team in dict.fromkeys(teams) if team != primary_team]
    if primary_team is not None:
        ordered.insert(0, primary_team)
    Membership.objects.filter(user=person).delete()
    Membership.objects.bulk_create(
        [Membership(user=person, team=team, is_primary=index == 0) for index, team in enumerate(ordered)]
    )


def _what_changed(person: User, changed: set[str], teams: Sequence[Team] | None) -> dict[str, Any]:
    """Names of what changed; values only where they are no personal data."""
    told = {name: getattr(person, name) for name in changed & {"role", "is_active", "concurrency_limit"}}
    payload: dict[str, Any] = {"fields": sorted(changed), **told}
    if teams is not None:
        payload["teams"] = [team.pk for team in teams]
    return payload


def _record(kind: str, person: User, actor: User | None, **payload: Any) -> None:
    record_event(
        kind=kind, subject_type="user", subject_id=person.pk, actor=actor, payload=payload, audience=f"user:{person.pk}"
    )
