"""The life of a version: draft → in review → approved → published → retired, the same for every kind of text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.doubles import refusing_doubles
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from core.text import unstorable
from core.versions.choices import MOVES, Move, VersionStatus, allowed_moves
from core.versions.models import Version, VersionedItem, right_name

BODY_LIMIT = 20_000

PARTICIPLES = {
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "publish": "published",
    "retire": "retired",
}


@transaction.atomic
def create_item(*, model: type[VersionedItem], actor: Any, scope: Mapping[str, Any], **columns: Any) -> Any:
    """Make the identity of a text, owned by `actor` unless `owner` is given. `scope` are the columns in which
    its key is unique besides the key itself. Raises InvalidInput when the key is taken, Conflict naming the field
    when somebody else was faster, or another column has to be unique."""
    _require_item_right(model, "add", actor)
    item = model(**{"owner": actor, **columns}, created_at=clock.now(), updated_at=clock.now())
    taken = model._default_manager.filter(key=item.key, **scope).exists()
    if taken:
        sentence = str(_("编号“%(key)s”已被使用。") % {"key": item.key})
        raise InvalidInput(sentence, code="key_taken", fields={"key": [sentence]})
    with refusing_doubles("key", *columns):
        item.save()
    _record_item(item, "created", actor, {"key": item.key})
    return item


@transaction.atomic
def update_item(*, item: VersionedItem, actor: Any, changes: Mapping[str, Any]) -> Any:
    """Change columns of the identity (topic, category, owner …), never its words, and what is searched with them."""
    _require_item_right(type(item), "change", actor)
    locked = lock_item(item)
    old = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    live = locked.live_columns(locked.live_version) if locked.live_version_id else {}
    for name, value in live.items():
        setattr(locked, name, value)
    locked.updated_at = clock.now()
    with refusing_doubles("key", *changes):
        locked.save(update_fields=[*changes, *live, "updated_at"])
    payload = {name: {"old": str(old[name]), "new": str(value)} for name, value in changes.items()}
    _record_item(locked, "updated", actor, {"changes": payload})
    return locked


@transaction.atomic
def draft_version(
    *,
    item: VersionedItem,
    actor: Any,
    body: str,
    title: str = "",
    note: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    **extra: Any,
) -> Version:
    """Add the next version as a draft of `actor`. `extra` are columns of the concrete version model."""
    model = version_model(type(item))
    _require_right(model, "add", actor)
    locked = lock_item(item)
    last = model._default_manager.filter(item=locked).order_by("-number").values_list("number", flat=True).first()
    version = model(
        item=locked,
        number=(last or 0) + 1,
        title=title or locked.title,
        body=body,
        note=note,
        author=actor,
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=clock.now(),
        **extra,
    )
    check_words(version)
    version.save()
    _record(version, "drafted", actor, {})
    return version


@transaction.atomic
def edit_draft(*, version: Version, actor: Any, changes: Mapping[str, Any]) -> Version:
    """Change a draft. Only its author may, so that whoever approves it has never written in it."""
    _require_right(type(version), "change", actor)
    locked = _lock_version(version)
    if locked.status != VersionStatus.DRAFT:
        raise Conflict(
            _("只有草稿可以修改，请新建一个版本。"), code="not_a_draft", allowed=allowed_moves(locked.status)
        )
    if locked.author_id not in (None, actor.pk):
        raise NotAllowed(_("只有作者本人可以修改草稿。"), code="not_the_author")
    # An imported draft has no author; whoever edits it first becomes the one who may not approve it.
    for name, value in {**changes, "author": actor}.items():
        setattr(locked, name, value)
    check_words(locked)
    locked.save(update_fields=[*changes, "author"])
    _record(locked, "edited", actor, {"fields": sorted(changes)})
    return locked


def submit(*, version: Version, actor: Any) -> Version:
    """Ask for a review of a draft."""
    return _move(version, MOVES["submit"], actor)


def approve(*, version: Version, actor: Any) -> Version:
    """Accept a version in review. Never by its author, whatever their role."""
    return _move(version, MOVES["approve"], actor)


def reject(*, version: Version, actor: Any, reason: str) -> Version:
    """Send a version in review back for good; the reason stays with it."""
    if not reason.strip():
        raise InvalidInput(
            _("请填写驳回理由。"), code="reason_required", fields={"reason": [str(_("请填写驳回理由。"))]}
        )
    return _move(version, MOVES["reject"], actor, reject_reason=reason.strip())


def publish(*, version: Version, actor: Any) -> Version:
    """Make an approved version the live one; the former live version retires and stays readable."""
    return _move(version, MOVES["publish"], actor)


def retire(*, version: Version, actor: Any) -> Version:
    """Take a version out of use. It stays readable in the history."""
    return _move(version, MOVES["retire"], actor)


def usable_version(item: VersionedItem) -> Any:
    """The live version; raises Conflict when there is none or its period does not include now."""
    version: Version | None = getattr(item, "live_version", None)
    if version is None:
        raise Conflict(_("没有已发布的版本。"), code="no_live_version")
    if not version.is_valid_at(clock.now()):
        raise Conflict(_("当前版本已过期或尚未生效。"), code="not_valid_now")
    return version


def version_model(item_model: type[VersionedItem]) -> Any:
    """The version model that belongs to an item model."""
    return cast(Any, item_model)._meta.get_field("live_version").related_model


def lock_item(item: VersionedItem) -> Any:
    """The item's row, locked: verbs on versions of one item happen one after another."""
    return type(item)._default_manager.select_for_update(of=("self",)).get(pk=item.pk)


def check_words(version: Version) -> None:
    """Refuse an empty or overlong text, a period that ends before it begins, and what the concrete model refuses."""
    problems: dict[str, list[str]] = {}
    if not version.body.strip():
        problems["body"] = [str(_("正文不能为空。"))]
    if len(version.body) > BODY_LIMIT:
        problems["body"] = [str(_("正文最多 %(limit)s 字。") % {"limit": BODY_LIMIT})]
    for name in ("title", "body"):
        if unstorable(getattr(version, name)):
            problems[name] = [str(_("含有不允许的字符。"))]
    if not version.title.strip():
        problems["title"] = [str(_("标题不能为空。"))]
    if version.valid_from and version.valid_until and version.valid_until < version.valid_from:
        problems["valid_until"] = [str(_("有效期至不能早于生效时间。"))]
    problems.update(version.problems())
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], fields=problems)


def check_finished(version: Version) -> None:
    """Refuse for review and use what only a draft may be."""
    unfinished = version.unfinished()
    if unfinished:
        raise InvalidInput(next(iter(unfinished.values()))[0], code="unfinished", fields=unfinished)


@transaction.atomic
def _move(version: Version, move: Move, actor: Any, **columns: Any) -> Version:
    """Permission → state → write → event, in one transaction under the item's lock."""
    _require_right(type(version), move.right, actor)
    locked = _lock_version(version)
    if locked.status not in move.sources:
        raise Conflict(
            _("版本 %(number)s 现在是“%(status)s”，不能%(verb)s。")
            % {"number": locked.number, "status": locked.get_status_display(), "verb": move.label},
            code="illegal_move",
            allowed=allowed_moves(locked.status),
        )
    if move.verb == "approve" and locked.author_id == actor.pk:
        raise NotAllowed(_("作者不能审核自己撰写的版本。"), code="own_version")
    if move.verb == "submit":
        check_words(locked)
    if move.verb in ("submit", "publish"):
        check_finished(locked)
    if move.verb == "publish":
        _guard_period(locked)
        retire_former(locked, actor)
    old = locked.status
    stamp(locked, move, actor, columns)
    if move.verb == "publish":
        set_live(locked)
    elif move.verb == "retire" and locked.item.live_version_id == locked.pk:
        clear_live(locked)
    reason = {"reason": columns["reject_reason"]} if "reject_reason" in columns else {}
    _record(locked, PARTICIPLES[move.verb], actor, {"from": old, "to": locked.status, **reason})
    version.__dict__.update(locked.__dict__)
    return locked


def stamp(version: Version, move: Move, actor: Any, columns: Mapping[str, Any]) -> None:
    """Write the target status with who and when."""
    values = {"status": move.target, move.moment: clock.now(), move.person: actor, **columns}
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=list(values))


def set_live(version: Version) -> None:
    """Point the item at `version` and take over what is searched and shown."""
    item = version.item
    values = {
        "live_version": version,
        "title": version.title,
        "published_count": item.published_count + 1,
        "updated_at": clock.now(),
        **item.live_columns(version),
    }
    for name, value in values.items():
        setattr(item, name, value)
    item.save(update_fields=list(values))


def clear_live(version: Version) -> None:
    """The item has no live version any more; it leaves search and suggestions."""
    item = version.item
    values = {"live_version": None, "updated_at": clock.now(), **item.live_columns(None)}
    for name, value in values.items():
        setattr(item, name, value)
    item.save(update_fields=list(values))


def retire_former(version: Version, actor: Any) -> None:
    """Retire the version that is live now, if another one is."""
    former_id = version.item.live_version_id
    if former_id is None or former_id == version.pk:
        return
    former = type(version)._default_manager.get(pk=former_id)
    old = former.status
    stamp(former, MOVES["retire"], actor, {})
    _record(former, "retired", actor, {"from": old, "to": former.status, "replaced_by": version.number})


def _guard_period(version: Version) -> None:
    now = clock.now()
    if version.valid_until and version.valid_until < now:
        raise Conflict(_("有效期已过，不能发布。"), code="expired", allowed=["retire"])
    if version.valid_from and version.valid_from > now and version.item.live_version_id:
        raise Conflict(
            _("新版本尚未到生效时间，现在发布会使当前版本提前下线。"), code="not_yet_valid", allowed=["retire"]
        )


def _lock_version(version: Version) -> Any:
    """Lock the item first, then read the version anew, so that two verbs never cross."""
    item = lock_item(version.item)
    fresh = type(version)._default_manager.get(pk=version.pk)
    fresh.item = item
    return fresh


def _require_right(model: type[Version], right: str, actor: Any) -> None:
    if not actor.has_perm(right_name(model, right)):
        raise NotAllowed(_("您没有执行此操作的权限。"))


def _require_item_right(model: type[VersionedItem], right: str, actor: Any) -> None:
    if not actor.has_perm(f"{model._meta.app_label}.{right}_{model._meta.model_name}"):
        raise NotAllowed(_("您没有执行此操作的权限。"))


def _record_item(item: VersionedItem, participle: str, actor: Any, payload: dict[str, Any]) -> None:
    record_event(
        kind=f"{item.event_subject}.{participle}",
        subject_type=item.event_subject,
        subject_id=item.pk,
        actor=actor,
        payload=payload,
    )


def _record(version: Version, participle: str, actor: Any, payload: dict[str, Any]) -> None:
    subject = version.item.event_subject
    record_event(
        kind=f"{subject}.{participle}",
        subject_type=subject,
        subject_id=version.item_id,
        actor=actor,
        payload={"version": version.number, "version_id": version.pk, **payload},
    )
