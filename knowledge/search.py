"""Finding articles: by words, by pinyin initials, and by what earlier answers taught."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from core.ranking.corpus import Corpus
from core.ranking.scoring import rank
from knowledge.models import Article, ArticleExample

ARTICLES = Corpus(name="article", items=Article, examples=ArticleExample, target="article_id", has_collections=True)
PREVIEW_LENGTH = 120


@dataclass(frozen=True)
class ArticleHit:
    """A found article with the beginning of its live text."""

    article_id: int
    version_id: int
    key: str
    collection: str
    title: str
    preview: str


def search_articles(
    query: str,
    *,
    collection: str | None = None,
    product: str = "",
    audience: str = "",
    limit: int = 10,
) -> list[ArticleHit]:
    """The best live articles for a question, best first; articles outside their period are never among them.

    `collection` None searches all collections. With `product` (sku), articles of other products are left out.
    """
    eligible = _eligible(collection=collection, product=product, audience=audience)
    ids = rank(corpus=ARTICLES, eligible=eligible, query=query, collection=collection, limit=limit)
    rows = Article.objects.filter(pk__in=ids).select_related("live_version")
    return [_hit(article) for article in in_order(rows, ids)]


def ranked_keys(query: str, *, collection: str, limit: int = 10) -> list[str]:
    """Document ids of one collection, best first."""
    eligible = _eligible(collection=collection)
    ids = rank(corpus=ARTICLES, eligible=eligible, query=query, collection=collection, limit=limit)
    keys = dict(Article.objects.filter(pk__in=ids).values_list("pk", "key"))
    return [keys[pk] for pk in ids]


def in_order(rows: QuerySet[Any], ids: Sequence[int]) -> list[Any]:
    """The rows in the order of `ids`."""
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in ids if pk in found]


def _eligible(*, collection: str | None, product: str = "", audience: str = "") -> QuerySet[Article]:
    rows: QuerySet[Article] = Article.objects.live()
    if collection is not None:
        rows = rows.filter(collection=collection)
    if product:
        rows = rows.filter(Q(product="") | Q(product=product))
    if audience:
        rows = rows.filter(audience=audience)
    return rows


def _hit(article: Article) -> ArticleHit:
    version = article.live_version
    assert version is not None
    return ArticleHit(
        article_id=article.pk,
        version_id=version.pk,
        key=article.key,
        collection=article.collection,
        title=version.title,
        preview=version.body[:PREVIEW_LENGTH],
    )
