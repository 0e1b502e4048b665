"""Bringing texts in from a file: published as version 1 marked imported, or as drafts for review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput
from core.events import EventData, record_events
from core.versions.choices import Origin, VersionStatus
from core.versions.models import Version, VersionedItem
from core.versions.services import check_words, lock_item, retire_former, set_live, version_model
from core.wording import explained, parts

TITLE_FROM_BODY = 60
_BATCH = 1_000


@dataclass(frozen=True)
class TextRow:
    """A text to bring in. `columns` are further columns of its item, `extra` of its version."""

    line: int
    key: str
    title: str
    body: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ImportReport:
    """How many rows did what; `errors` are (line, sentence) of the rows that were left out."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def import_texts(
    *, model: type[VersionedItem], rows: Sequence[TextRow], actor: Any | None, as_drafts: bool, scope: Mapping[str, Any]
) -> ImportReport:
    """Write the good rows. The same file again changes nothing; a changed text becomes the next version.

    A text that people have reviewed is never replaced by a file: its new words wait as a draft.
    `actor` None is the operator of the command line.
    """
    report = ImportReport()
    items: Any = model._default_manager
    known = {
        item.key: item
        for item in items.filter(key__in=[row.key for row in rows], **scope).select_related("live_version")
    }
    fresh: dict[str, TextRow] = {}
    for row in rows:
        if row.key in fresh:
            report.errors.append((row.line, _("编号“%(key)s”在文件中重复。") % {"key": row.key}))
        elif (problem := _problem(model, row)) is not None:
            report.errors.append((row.line, problem))
        elif row.key in known:
            _bring_in_again(known[row.key], row, actor, as_drafts, report)
        else:
            fresh[row.key] = row
    new = list(fresh.values())
    for start in range(0, len(new), _BATCH):
        _create(model, new[start : start + _BATCH], actor, as_drafts, scope)
    report.created = len(new)
    return report


def title_of(body: str) -> str:
    """A title for a text that came without one: its first line, cut."""
    return body.strip().splitlines()[0].strip()[:TITLE_FROM_BODY] if body.strip() else ""


def _problem(model: type[VersionedItem], row: TextRow) -> str | None:
    try:
        check_words(version_model(model)(number=1, title=row.title, body=row.body, **row.extra))
    except InvalidInput as refused:
        return parts(explained(name, " ".join(found)) for name, found in refused.fields.items())
    return None


def _create(
    model: type[VersionedItem],
    rows: Sequence[TextRow],
    actor: Any | None,
    as_drafts: bool,
    scope: Mapping[str, Any],
) -> None:
    now = clock.now()
    stored: Any = model._default_manager
    items = [
        model(
            key=row.key,
            title=row.title,
            owner=actor,
            published_count=0 if as_drafts else 1,
            created_at=now,
            updated_at=now,
            **scope,
            **row.columns,
        )
        for row in rows
    ]
    versions = [_version(item, 1, row, actor, as_drafts) for item, row in zip(items, rows, strict=True)]
    if not as_drafts:
        for item, version in zip(items, versions, strict=True):
            for name, value in item.live_columns(version).items():
                setattr(item, name, value)
    stored.bulk_create(items)
    for item, version in zip(items, versions, strict=True):
        version.item_id = item.pk
    type(versions[0])._default_manager.bulk_create(versions)
    if not as_drafts:
        mine = version_model(model)._default_manager.filter(item=OuterRef("pk"), number=1)
        stored.filter(pk__in=[item.pk for item in items]).update(live_version_id=Subquery(mine.values("pk")[:1]))
    record_events([_event(version, actor) for version in versions])


def _bring_in_again(
    item: VersionedItem, row: TextRow, actor: Any | None, as_drafts: bool, report: ImportReport
) -> None:
    locked = lock_item(item)
    versions = version_model(type(item))._default_manager.filter(item=locked)
    last = versions.order_by("-number").first()
    words = {"title": row.title, "body": row.body, **row.extra}
    if any(_says(version, words) for version in (last, locked.live_version) if version is not None):
        report.unchanged += 1
        return
    reviewed = locked.live_version is not None and locked.live_version.origin != Origin.IMPORTED
    draft = as_drafts or reviewed
    version = _version(locked, last.number + 1 if last else 1, row, actor, draft)
    version.save()
    if not draft:
        retire_former(version, actor)
        set_live(version)
    record_events([_event(version, actor)])
    report.changed += 1


def _says(version: Version, words: Mapping[str, Any]) -> bool:
    return all(getattr(version, name) == value for name, value in words.items())


def _version(item: VersionedItem, number: int, row: TextRow, actor: Any | None, as_draft: bool) -> Version:
    now = clock.now()
    return version_model(type(item))(
        item=item,
        number=number,
        title=row.title,
        body=row.body,
        author=actor,
        origin=Origin.IMPORTED,
        created_at=now,
        status=VersionStatus.DRAFT if as_draft else VersionStatus.PUBLISHED,
        published_at=None if as_draft else now,
        publisher=None if as_draft else actor,
        **row.extra,
    )


def _event(version: Version, actor: Any | None) -> EventData:
    subject = version.item.event_subject
    return EventData(
        kind=f"{subject}.imported",
        subject_type=subject,
        subject_id=version.item_id,
        actor=actor,
        payload={"version": version.number, "version_id": version.pk, "status": version.status},
    )
