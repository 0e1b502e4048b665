"""How a search on a tsvector column is best answered: by how common its words are.

The rows of a common word are found by walking back from the newest, those of a rare word by the
GIN index. PostgreSQL takes the index for both, since it does not know that the newest rows hold a
common word as often as the oldest (at a million tickets 24 ms to 3 s against 0.3 ms). The
frequencies are those ANALYZE keeps of the column anyway.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.core.cache import cache
from django.db import connection, models
from django.db.models import F, Func, Q

#: From this share of the rows on, walking back fills a page sooner than the index does.
COMMON_SHARE = 0.005
TTL_SECONDS = 600
_STATISTICS = """
SELECT s.most_common_elems::text::text[], s.most_common_elem_freqs, c.reltuples
FROM pg_class c LEFT JOIN pg_stats s ON s.tablename = c.relname AND s.schemaname = current_schema() AND s.attname = %s
WHERE c.oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class Frequencies:
    """The share of the rows that hold a word, for the common words of a column."""

    shares: Mapping[str, float]
    rows: float

    def share_of(self, token: str) -> float:
        """Share of the rows that hold a token; `token:*` counts every word that begins so. 0 when rare."""
        if not token.endswith(":*"):
            return self.shares.get(token, 0.0)
        return min(1.0, sum(share for word, share in self.shares.items() if word.startswith(token[:-2])))

    def share_of_all(self, tokens: list[str]) -> float:
        """Share of the rows expected to hold all of them, as if words came independently of each other."""
        return math.prod(self.share_of(token) for token in tokens)


def frequencies(model: type[models.Model], column: str) -> Frequencies:
    """What ANALYZE found, looked up again after ten minutes."""
    table = model._meta.db_table
    key = f"search:frequencies:{table}.{column}"
    found: tuple[dict[str, float], float] | None = cache.get(key)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_STATISTICS, [column, table])
            words, shares, rows = cursor.fetchone() or (None, None, 0)
        # After the shares of the words come the smallest and the largest share.
        found = dict(zip(words or (), shares or (), strict=False)), max(rows, 0)
        cache.set(key, found, TTL_SECONDS)
    return Frequencies(*found)


def is_common(model: type[models.Model], column: str, tsquery: str) -> bool:
    """Whether so many rows match that a page fills soonest by reading back from the newest row."""
    return frequencies(model, column).share_of_all(tsquery.split(" & ")) >= COMMON_SHARE


def by_index(column: str, tsquery: str) -> Q:
    """Rows whose column matches a query of tokens joined by " & " (core.language.tsquery_text), through the index."""
    return Q((column, SearchQuery(tsquery, search_type="raw", config="simple")))


def by_reading(column: str, tsquery: str) -> Q:
    """The same rows, by a condition that no index answers: others choose where the reading begins."""
    # The sum with an empty vector is the same vector, but no index knows it.
    same = Func(F(column), template="(%(expressions)s || ''::tsvector)", output_field=SearchVectorField())
    query = SearchQuery(tsquery, search_type="raw", config="simple")
    return Q(Func(same, query, template="(%(expressions)s)", arg_joiner=" @@ ", output_field=models.BooleanField()))
