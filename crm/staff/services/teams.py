"""Teams: make and change."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.models import Team, User

_KEEP: Any = object()


def create_team(*, name: str, actor: User | None, parent: Team | None = None, queues: Iterable[Any] = ()) -> Team:
    """Make a team, below `parent` when given, serving the queues."""
    _require(actor, "staff.add_team", parent)
    with transaction.atomic():
        team = _named(Team(name=name, parent=parent))
        team.queues.set(queues)
        _record("team.created", team, actor, name=name, parent=parent.pk if parent else None)
    return team


def change_team(
    *, team: Team, actor: User | None, name: str | None = None, parent: Team | None = _KEEP, queues: Any = None
) -> Team:
    """Change name, place in the tree or served queues. A place below itself is refused (409)."""
    _require(actor, "staff.change_team", team)
    with transaction.atomic():
        # All teams are locked: two moves at once could otherwise close a circle that neither sees.
        list(Team.objects.select_for_update().order_by("pk").values_list("pk"))
        if parent is not _KEEP:
            if parent is not None:
                _require(actor, "staff.change_team", parent)
                _refuse_cycle(team, parent)
            team.parent = parent
        if name is not None:
            team.name = name
        _named(team)
        if queues is not None:
            team.queues.set(queues)
        _record("team.changed", team, actor, name=team.name, parent=team.parent_id)
    return team


def _refuse_cycle(team: Team, parent: Team) -> None:
    if team.pk in Team.objects.ancestor_ids(parent.pk):
        sentence = str(_("上级团队不能是自己或自己的下级。"))
        raise Conflict(sentence, code="team_cycle", fields={"parent": [sentence]})


def _named(team: Team) -> Team:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        sentence = str(_("该团队名称已存在。"))
        raise InvalidInput(sentence, fields={"name": [sentence]}) from error
    return team


def _require(actor: User | None, codename: str, place: Team | None) -> None:
    """Admins everywhere; supervisors only in their own branch."""
    if actor is None or (actor.is_admin and actor.is_active):
        return
    if not actor.has_perm(codename) or place is None or place.pk not in actor.team_ids_below:
        raise NotAllowed(_("只有管理员和主管可以管理团队，主管只能管理自己负责的团队。"))


def _record(kind: str, team: Team, actor: User | None, **payload: Any) -> None:
    payload["queues"] = sorted(team.queues.values_list("pk", flat=True))
    record_event(kind=kind, subject_type="team", subject_id=team.pk, actor=actor, payload=payload)
