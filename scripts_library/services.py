"""Writes of the script library that are not verbs of versions (those are in core.versions.services)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict
from core.ranking.counting import recount
from core.ranking.examples import store_examples
from core.ranking.models import ExampleSource
from core.versions.importing import ImportReport, TextRow, import_texts
from core.versions.services import create_item, update_item
from scripts_library.models import ScriptTemplate, ScriptUsage, ScriptVersion
from scripts_library.placeholders import assert_sendable, is_edited
from scripts_library.suggestion import SCRIPTS

__all__ = [
    "assert_sendable",
    "create_script",
    "import_scripts",
    "learn_scripts",
    "record_usage",
    "update_script",
]


def create_script(*, actor: Any, key: str, title: str, **columns: Any) -> ScriptTemplate:
    """A new script without text; add it with `draft_version`."""
    script: ScriptTemplate = create_item(model=ScriptTemplate, actor=actor, scope={}, key=key, title=title, **columns)
    return script


def update_script(*, script: ScriptTemplate, actor: Any, changes: Mapping[str, Any]) -> ScriptTemplate:
    """Change kind, topic, shop, ticket types, owner or title of the identity."""
    updated: ScriptTemplate = update_item(item=script, actor=actor, changes=changes)
    return updated


def import_scripts(*, rows: Sequence[TextRow], actor: Any | None = None, as_drafts: bool = False) -> ImportReport:
    """Bring scripts into the library and make them findable."""
    report = import_texts(model=ScriptTemplate, rows=rows, actor=actor, as_drafts=as_drafts, scope={})
    recount(SCRIPTS)
    return report


@transaction.atomic
def record_usage(
    *,
    version: ScriptVersion,
    subject_id: int,
    actor: Any,
    sent_text: str,
    answered_text: str = "",
    subject_type: str = "ticket",
) -> ScriptUsage:
    """Keep that `actor` sent `sent_text` with a script, on a ticket unless said otherwise.

    `answered_text` is what the customer had written; the suggestions learn from it. A version that was retired
    between choosing and sending is accepted, one that was never published raises Conflict.
    """
    if version.published_at is None:
        raise Conflict(_("未发布的话术不能用于回复。"), code="not_published")
    usage = ScriptUsage.objects.create(
        version=version,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        used_at=clock.now(),
        is_edited=is_edited(version.body, sent_text),
    )
    if answered_text.strip():
        store_examples(corpus=SCRIPTS, pairs=[(answered_text, version.item_id)], source=ExampleSource.SENT)
    return usage


@transaction.atomic
def learn_scripts(*, pairs: Iterable[tuple[str, ScriptTemplate]], source: ExampleSource) -> int:
    """Remember which script answered which message; they count fully after the next recount."""
    return store_examples(corpus=SCRIPTS, pairs=((text, script.pk) for text, script in pairs), source=source)
