"""Writes of the knowledge base that are not verbs of versions (those are in core.versions.services)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict
from core.events import record_event
from core.ranking.counting import recount
from core.ranking.examples import store_examples
from core.ranking.models import ExampleSource
from core.versions.importing import ImportReport, TextRow, import_texts
from core.versions.services import create_item, update_item
from knowledge.models import Article, ArticleVersion, HelpfulVote
from knowledge.search import ARTICLES


def create_article(*, actor: Any, key: str, title: str, collection: str = "", **columns: Any) -> Article:
    """A new article without text; add it with `draft_version`. The key is unique in its collection."""
    article: Article = create_item(
        model=Article,
        actor=actor,
        scope={"collection": collection},
        key=key,
        title=title,
        collection=collection,
        **columns,
    )
    return article


def update_article(*, article: Article, actor: Any, changes: Mapping[str, Any]) -> Article:
    """Change category, product, audience, owner or title of the identity."""
    updated: Article = update_item(item=article, actor=actor, changes=changes)
    return updated


def import_articles(
    *, rows: Sequence[TextRow], collection: str, actor: Any | None = None, as_drafts: bool = False
) -> ImportReport:
    """Bring articles into a collection and make them findable."""
    report = import_texts(model=Article, rows=rows, actor=actor, as_drafts=as_drafts, scope={"collection": collection})
    recount(ARTICLES)
    return report


@transaction.atomic
def learn_articles(*, pairs: Iterable[tuple[str, Article]], source: ExampleSource) -> int:
    """Remember which article answered which message; they count fully after the next recount."""
    return store_examples(corpus=ARTICLES, pairs=((text, article.pk) for text, article in pairs), source=source)


@transaction.atomic
def vote_helpful(*, version: ArticleVersion, actor: Any, is_helpful: bool) -> HelpfulVote:
    """One vote a person and version; voting again changes it."""
    if version.published_at is None:
        raise Conflict(_("尚未发布的文章不能评价。"), code="not_published")
    vote, _created = HelpfulVote.objects.update_or_create(
        version=version, voter=actor, defaults={"is_helpful": is_helpful, "created_at": clock.now()}
    )
    record_event(
        kind="article.rated",
        subject_type="article",
        subject_id=version.item_id,
        actor=actor,
        payload={"version": version.number, "is_helpful": is_helpful},
    )
    return vote
