"""Finding and suggesting scripts: by words, by pinyin initials or code, and by what was really sent before."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from core.ranking.corpus import Corpus
from core.ranking.scoring import rank
from knowledge.search import PREVIEW_LENGTH, in_order
from scripts_library.models import ScriptExample, ScriptTemplate

SCRIPTS = Corpus(name="script", items=ScriptTemplate, examples=ScriptExample, target="script_id")


@dataclass(frozen=True)
class ScriptHit:
    """A found script with the beginning of its live text."""

    script_id: int
    version_id: int
    key: str
    title: str
    kind: str
    topic: str
    preview: str


def search_scripts(
    query: str, *, kind: str = "", topic: str = "", shop_id: int | None = None, limit: int = 20
) -> list[ScriptHit]:
    """Live scripts for what somebody types into the search box; "" lists the newest."""
    eligible = _eligible(kind=kind, topic=topic, shop_id=shop_id)
    if not query.strip():
        return [_hit(script) for script in eligible.select_related("live_version").order_by("-updated_at")[:limit]]
    return _ranked(query, eligible, limit)


def suggest_scripts(text: str, *, ticket_type: str = "", shop_id: int | None = None, limit: int = 5) -> list[ScriptHit]:
    """The best live scripts for a customer's message or the conversation so far, best first."""
    return _ranked(text, _eligible(ticket_type=ticket_type, shop_id=shop_id), limit)


def ladder_scripts(level: int, *, ticket_type: str = "", limit: int = 3) -> list[ScriptHit]:
    """Live scripts of the rung for a level of anger, by code; of the nearest lower rung when it has none.

    A furious customer is not left without words because nobody has written any for them yet.
    """
    rungs = _eligible(ticket_type=ticket_type).filter(anger_level__gte=1, anger_level__lte=level)
    rows = list(rungs.select_related("live_version").order_by("-anger_level", "key"))
    return [_hit(script) for script in rows if script.anger_level == rows[0].anger_level][:limit]


def ranked_keys(text: str, *, limit: int = 10) -> list[str]:
    """Keys of scripts for a message, best first."""
    ids = rank(corpus=SCRIPTS, eligible=_eligible(), query=text, collection=None, limit=limit)
    keys = dict(ScriptTemplate.objects.filter(pk__in=ids).values_list("pk", "key"))
    return [keys[pk] for pk in ids]


def _ranked(text: str, eligible: QuerySet[ScriptTemplate], limit: int) -> list[ScriptHit]:
    ids = rank(corpus=SCRIPTS, eligible=eligible, query=text, collection=None, limit=limit)
    rows = ScriptTemplate.objects.filter(pk__in=ids).select_related("live_version")
    return [_hit(script) for script in in_order(rows, ids)]


def _eligible(
    *, kind: str = "", topic: str = "", ticket_type: str = "", shop_id: int | None = None
) -> QuerySet[ScriptTemplate]:
    rows: QuerySet[ScriptTemplate] = ScriptTemplate.objects.live()
    if kind:
        rows = rows.filter(kind=kind)
    if topic:
        rows = rows.filter(topic=topic)
    if ticket_type:
        rows = rows.filter(Q(ticket_types=[]) | Q(ticket_types__contains=[ticket_type]))
    if shop_id is not None:
        rows = rows.filter(Q(shop=None) | Q(shop=shop_id))
    return rows


def _hit(script: ScriptTemplate) -> ScriptHit:
    version: Any = script.live_version
    return ScriptHit(
        script_id=script.pk,
        version_id=version.pk,
        key=script.key,
        title=version.title,
        kind=script.kind,
        topic=script.topic,
        preview=version.body[:PREVIEW_LENGTH],
    )
