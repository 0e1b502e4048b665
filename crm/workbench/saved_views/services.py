"""Saving, changing and removing views."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.conditions import parse
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.models import Team, User
from crm.workbench.models import SavedView, Sharing
from crm.workbench.saved_views.columns import COLUMNS
from crm.workbench.saved_views.fields import VIEW_FIELDS

MOST = 50
NAME_LENGTH = 40
_FIELDS = ("name", "condition", "order", "columns", "sharing", "team", "position")


@transaction.atomic
def save_view(*, view: SavedView | None, actor: User, values: Mapping[str, Any]) -> SavedView:
    """Make a view of the actor's own, or change one. `values` holds some of name, condition, order,
    columns, sharing, team, position. Raises InvalidInput, NotAllowed, Conflict."""
    row = SavedView(owner=actor) if view is None else SavedView.objects.select_for_update().get(pk=view.pk)
    if not actor.has_perm("workbench.add_savedview") or (view is not None and not row.can_change(actor)):
        raise NotAllowed(_("只有创建人可以修改该视图。"))
    if view is None and SavedView.objects.filter(owner=actor).count() >= MOST:
        raise Conflict(_("每人最多保存 %(n)d 个视图，请先删除不用的。") % {"n": MOST}, code="too_many_views")
    for name in _FIELDS:
        if name in values:
            setattr(row, name, values[name])
    if row.sharing != Sharing.TEAM:
        row.team = None
    parse(row.condition, VIEW_FIELDS)
    _check_columns(row)
    _check_name(row)
    if view is None or {"sharing", "team"} & values.keys():
        _check_sharing(row, actor)
    row.save()
    _record("view.saved", row, actor)
    return row


@transaction.atomic
def remove_view(*, view: SavedView, actor: User) -> None:
    """Take a view away, also from those it was shared with. The tickets stay as they are."""
    row = SavedView.objects.select_for_update().get(pk=view.pk)
    if not row.can_change(actor):
        raise NotAllowed(_("只有创建人可以删除该视图。"))
    _record("view.removed", row, actor)
    row.delete()


def _check_name(row: SavedView) -> None:
    row.name = row.name.strip()
    sentence = ""
    if not row.name:
        sentence = str(_("请填写名称。"))
    elif len(row.name) > NAME_LENGTH:
        sentence = str(_("名称不能超过 %(n)d 个字。") % {"n": NAME_LENGTH})
    elif SavedView.objects.filter(owner=row.owner_id, name=row.name).exclude(pk=row.pk).exists():
        sentence = str(_("您已有同名的视图。"))
    if sentence:
        raise InvalidInput(sentence, fields={"name": [sentence]})


def _check_columns(row: SavedView) -> None:
    unknown = [str(name) for name in row.columns if name not in COLUMNS]
    if unknown:
        sentence = str(_("没有这一列：%(name)s。") % {"name": unknown[0][:50]})
        raise InvalidInput(sentence, fields={"columns": [sentence]})
    row.columns = [name for name in COLUMNS if name in row.columns]


def _check_sharing(row: SavedView, actor: User) -> None:
    if row.sharing not in Sharing.values:
        sentence = str(_("没有这种共享方式。"))
        raise InvalidInput(sentence, fields={"sharing": [sentence]})
    if row.sharing == Sharing.PRIVATE:
        return
    if not actor.has_perm("workbench.share_savedview"):
        raise NotAllowed(_("您没有共享视图的权限，请存为“仅自己”。"))
    if row.sharing == Sharing.TEAM and (
        row.team is None or not Team.objects.visible_to(actor).filter(pk=row.team.pk).exists()
    ):
        sentence = str(_("请选择要共享的团队。"))
        raise InvalidInput(sentence, fields={"team": [sentence]})


def _record(kind: str, row: SavedView, actor: User) -> None:
    record_event(
        kind=kind,
        subject_type="saved_view",
        subject_id=row.pk,
        actor=actor,
        payload={"sharing": str(row.sharing), "team": row.team_id},
        audience=f"user:{row.owner_id}",
    )
