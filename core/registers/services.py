"""Writing registers: begin a record, change it, move it on, bear it out, link it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, NoReturn, TypeVar

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from core.registers.models import Record, RecordEvidence, RecordLink
from core.registers.registry import targets
from core.timers import TimerSpec, arm, cancel

R = TypeVar("R", bound=Record)

EVIDENCE_LENGTH = 500
REASON_LENGTH = 500
MOST_LINKS = 200
REVIEW = "registers.review"
#: When on the day of a review its owner hears of it.
REVIEW_TIME = time(9)


def _require(model: type[Record], verb: str, actor: Any) -> None:
    if actor is not None and not actor.has_perm(f"{model._meta.app_label}.{verb}_{model._meta.model_name}"):
        raise NotAllowed(_("您没有维护“%(name)s”的权限。") % {"name": model._meta.verbose_name})


def _told(record: Record, what: str, actor: Any, **data: Any) -> None:
    record_event(
        kind=f"{record.register.key}.{what}",
        subject_type=record.register.key,
        subject_id=record.pk,
        actor=actor,
        payload=data,
        audience=f"user:{record.owner_id}" if record.owner_id else "",
    )


@transaction.atomic
def create_record(*, model: type[R], actor: Any, values: Mapping[str, Any]) -> R:
    """Begin a record in the register's first state."""
    _require(model, "add", actor)
    record = model(**{**values, "state": model.register.first, "created_by": actor})
    _check(record)
    record.save()
    _follow_review(record)
    _told(record, "created", actor)
    return record


@transaction.atomic
def update_record(*, record: R, actor: Any, changes: Mapping[str, Any], seen_at: Any = None) -> R:
    """Change columns other than the state. `seen_at`: when the editor's copy was last changed; a newer row is 409."""
    _require(type(record), "change", actor)
    record = _locked(record)
    if seen_at is not None and record.updated_at != seen_at:
        raise Conflict(_("这条记录刚被别人改过，请重新打开后再改。"), code="changed")
    changed = {name: value for name, value in changes.items() if getattr(record, name) != value}
    if not changed:
        return record
    for name, value in changed.items():
        setattr(record, name, value)
    _check(record)
    record.save(update_fields=[*changed, "updated_at"])
    _follow_review(record)
    _told(record, "updated", actor, fields=sorted(changed))
    return record


@transaction.atomic
def move_record(*, record: R, actor: Any, state: str, reason: str = "") -> R:
    """Bring the record into a state that follows the present one.

    Raises Conflict with the allowed states, InvalidInput naming what is still missing.
    """
    _require(type(record), "change", actor)
    record = _locked(record)
    allowed = record.register.next_states(record.state)
    if state not in allowed:
        values = {"state": record.state_label}
        raise Conflict(_("“%(state)s”之后不能这样变更。") % values, code="illegal_transition", allowed=list(allowed))
    if len(reason) > REASON_LENGTH:
        _refuse("reason", _("原因不能超过 %(n)d 个字符。") % {"n": REASON_LENGTH})
    missing = record.lacks(state, actor=actor)
    if missing:
        raise InvalidInput(" ".join(missing.values()), fields={name: [words] for name, words in missing.items()})
    before, record.state = record.state, state
    record.closed_at = clock.now() if record.is_closed else None
    record.save(update_fields=["state", "closed_at", "updated_at"])
    _follow_review(record)
    if reason.strip():
        _evidence(record, actor, reason.strip(), "")
    _told(record, "moved", actor, **{"from": before, "to": state})
    return record


@transaction.atomic
def add_evidence(*, record: Record, actor: Any, text: str, url: str = "") -> RecordEvidence:
    """Bear a record out with words and perhaps an address."""
    _require(type(record), "change", actor)
    text = text.strip()
    if not text or len(text) > EVIDENCE_LENGTH:
        _refuse("text", _("请填写依据，最多 %(n)d 字。") % {"n": EVIDENCE_LENGTH})
    if url and not url.startswith(("http://", "https://")):
        _refuse("url", _("链接须以 http:// 或 https:// 开头。"))
    kept = _evidence(record, actor, text, url)
    _told(record, "evidence_added", actor)
    return kept


def _evidence(record: Record, actor: Any, text: str, url: str) -> RecordEvidence:
    kept: RecordEvidence = RecordEvidence.objects.create(
        record_type=record.type_name, record_id=record.pk, text=text, url=url, added_by=actor
    )
    return kept


@transaction.atomic
def add_link(*, record: Record, actor: Any, target_type: str, word: str) -> RecordLink:
    """Link a record to what a person means by a word: a ticket number, a script's code …"""
    _require(type(record), "change", actor)
    target = targets.get(target_type)
    if target is None:
        _refuse("target_type", _("不能关联这种对象。"))
    found = target.find(actor, word.strip())
    if found is None:
        _refuse("word", _("没有找到“%(word)s”。") % {"word": word.strip()[:50]})
    target_id, label = found
    return link_target(record=record, actor=actor, target_type=target_type, target_id=target_id, label=label)


@transaction.atomic
def link_target(*, record: Record, actor: Any, target_type: str, target_id: int, label: str) -> RecordLink:
    """Link a record to something known. Linked already is fine."""
    _require(type(record), "change", actor)
    links = RecordLink.objects.filter(record_type=record.type_name, record_id=record.pk)
    if links.count() >= MOST_LINKS:
        raise Conflict(_("关联太多，最多 %(n)d 个。") % {"n": MOST_LINKS}, code="too_many_links")
    link, is_new = RecordLink.objects.get_or_create(
        record_type=record.type_name,
        record_id=record.pk,
        target_type=target_type,
        target_id=target_id,
        defaults={"label": label[:200], "added_by": actor},
    )
    if is_new:
        _told(record, "linked", actor, target=target_type, target_id=target_id)
    return link


@transaction.atomic
def remove_link(*, link: RecordLink, record: Record, actor: Any) -> None:
    _require(type(record), "change", actor)
    _told(record, "unlinked", actor, target=link.target_type, target_id=link.target_id)
    link.delete()


def _follow_review(record: Record) -> None:
    """Arm the moment of the record's review, or take it away."""
    if record.review_on is None or record.is_closed:
        cancel(subject_type=record.type_name, subject_id=record.pk, kinds=[REVIEW])
        return
    due_at = timezone.make_aware(datetime.combine(record.review_on, REVIEW_TIME))
    key = f"{REVIEW}:{record.type_name}:{record.pk}"
    arm(TimerSpec(key=key, kind=REVIEW, due_at=due_at, subject_type=record.type_name, subject_id=record.pk))


def review_came(*, record_type: str, record_id: int) -> None:
    """Tell the owner that the day of the review has come; nothing when it was moved or the record is closed."""
    model: Any = apps.get_model(record_type)
    record: Record | None = model._default_manager.select_related("owner").filter(pk=record_id).first()
    if record is not None and record.is_review_due:
        _told(record, "review_due", None, review_on=record.review_on)


def evidence_of(record: Record) -> list[RecordEvidence]:
    rows = RecordEvidence.objects.filter(record_type=record.type_name, record_id=record.pk)
    return list(rows.select_related("added_by"))


def links_of(record: Record, viewer: Any) -> list[RecordLink]:
    """The record's links to what the viewer may see."""
    rows = RecordLink.objects.filter(record_type=record.type_name, record_id=record.pk)[:MOST_LINKS]
    return [link for link in rows if link.target is not None and link.target.sees(viewer, link.target_id)]


def _locked(record: R) -> R:
    rows: Any = type(record)._default_manager.select_for_update(of=("self",))
    found: R = rows.get(pk=record.pk)
    return found


def _check(record: Record) -> None:
    """Titles are not empty, a review lies ahead or nowhere. Registers check their own columns before they call."""
    if not record.title.strip():
        _refuse("title", _("请填写标题。"))
    if len(record.title) > 200:
        _refuse("title", _("标题不能超过 200 个字符。"))
    if record.owner is not None and not record.owner.is_active:
        _refuse("owner", _("这位员工已停用。"))


def _refuse(name: str, sentence: str) -> NoReturn:
    raise InvalidInput(sentence, fields={name: [sentence]})


@dataclass(frozen=True)
class Keeper:
    """The verbs that write one register: those above, or its own where it has rules of its own.

    create(actor, values), change(record, actor, changes, seen_at), move(record, actor, state, reason).
    """

    create: Callable[..., Any]
    change: Callable[..., Any] = update_record
    move: Callable[..., Any] = move_record
