"""The help centre: published articles for customers, by collection and by search; whether they helped."""

import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from core import clock
from core.errors import NotFound
from core.events import record_event
from knowledge.choices import Audience
from knowledge.models import Article, ReaderVote
from knowledge.search import in_order, search_articles

MOST_FOUND = 20
MOST_IN_COLLECTION = 200
#: What stands for articles that were put in no collection and no category.
UNSORTED = "-"


def published() -> "QuerySet[Article]":
    """Articles a customer may read now: live, and meant for customers."""
    rows: QuerySet[Article] = Article.objects.live()
    return rows.filter(audience=Audience.PUBLIC)


def sections() -> list[dict[str, Any]]:
    """Collections with their number of articles, the fullest first. Articles without one stand under their category."""
    rows = published().order_by().values("collection", "category").annotate(n=Count("pk"))
    found: dict[str, int] = {}
    for row in rows:
        name = row["collection"] or row["category"] or UNSORTED
        found[name] = found.get(name, 0) + row["n"]
    return [{"name": name, "n": n} for name, n in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def in_section(name: str) -> list[Article]:
    """Articles of a section by title. NotFound when it has none."""
    if name == UNSORTED:
        rows = published().filter(collection="", category="")
    else:
        rows = published().filter(collection=name) | published().filter(collection="", category=name)
    found = list(rows.select_related("live_version").order_by("title", "pk")[:MOST_IN_COLLECTION])
    if not found:
        raise NotFound("No such section.")
    return found


def find(query: str) -> list[Article]:
    """The best articles for a question, best first."""
    hits = search_articles(query, audience=Audience.PUBLIC, limit=MOST_FOUND)
    ids = [hit.article_id for hit in hits]
    return in_order(published().filter(pk__in=ids).select_related("live_version"), ids)


def article_of(pk: int) -> Article:
    """A published article; NotFound for drafts, internal and retired ones alike."""
    article = published().select_related("live_version").filter(pk=pk).first()
    if article is None:
        raise NotFound("No such article.")
    return article


@transaction.atomic
def vote(*, article: Article, reader: str, is_helpful: bool) -> ReaderVote:
    """One vote a browser and version; voting again changes it."""
    digest = hashlib.sha256(reader.encode()).hexdigest()
    row, _created = ReaderVote.objects.update_or_create(
        version_id=article.live_version_id,
        reader=digest,
        defaults={"is_helpful": is_helpful, "created_at": clock.now()},
    )
    record_event(
        kind="article.rated",
        subject_type="article",
        subject_id=article.pk,
        actor=None,
        payload={"is_helpful": is_helpful, "by": "reader"},
    )
    return row
