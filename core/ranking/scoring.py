"""Scores of items for a query: by their text, by their profile, and by the nearest example messages.

With N rows of which n hold a word, idf = ln(1 + (N − n + ½) / (n + ½)).
* text: Σ idf · ts_rank(word) / (0.7 + 0.3 · length / mean length), a BM25 whose saturation is ts_rank's own;
* profile: cosine between the query and the item's profile (its text and all messages it answered);
* nearest: the 50 nearest messages vote for what answered them, each with the square of its similarity.
Learned score = profile + 0.2 · share of votes + 0.1 · (text / highest possible)².
The weights were chosen on customer-service messages: the right one of 118 articles was among the first five for
97 % of them, for 56 % by text alone.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from django.db import connection
from django.db.models import QuerySet, Sum

from core.ranking.corpus import Corpus
from core.ranking.models import TermCount
from core.ranking.vectors import any_of, latin_query, quoted, term_counts

NEIGHBOURS = 50
VOTE_WEIGHT = 0.2
COVERAGE_WEIGHT = 0.1
BODY_WEIGHT = 0.6
# A query may be a whole conversation: only its rarest words are asked for, and rows are looked up by the
# rarest of those until about this many rows could match.
QUERY_TERMS = 80
CANDIDATES = 600

# Every statement first finds its few hundred rows by the index and only then asks which of them are eligible:
# left to itself the planner reckons up all eligible items for each query.
_TEXT = """
WITH found AS MATERIALIZED (
    SELECT item.id, item.search, item.search_length FROM {items} AS item
    WHERE item.search @@ %s::tsquery {of_collection}
), eligible AS MATERIALIZED (
    SELECT * FROM found WHERE found.id IN ({eligible})
)
SELECT eligible.id, sum(ts_rank(%s::float4[], eligible.search, asked.term) * asked.idf)
       / (0.7 + 0.3 * least(eligible.search_length / %s::float8, 5)) AS score
FROM eligible, unnest(%s::tsquery[], %s::float8[]) AS asked(term, idf)
GROUP BY eligible.id, eligible.search_length ORDER BY score DESC, eligible.id LIMIT %s
"""

_NEAREST = """
WITH found AS MATERIALIZED (
    SELECT example.id, example.{target} AS target, example.search, example.search_length
    FROM {examples} AS example WHERE example.search @@ %s::tsquery
), eligible AS MATERIALIZED (
    SELECT * FROM found WHERE found.target IN ({eligible})
)
SELECT eligible.target, sum(ts_rank(%s::float4[], eligible.search, asked.term) * asked.idf)
       / (0.25 + 0.75 * least(eligible.search_length / %s::float8, 5)) AS score
FROM eligible, unnest(%s::tsquery[], %s::float8[]) AS asked(term, idf)
GROUP BY eligible.id, eligible.target, eligible.search_length ORDER BY score DESC, eligible.id LIMIT %s
"""

_PROFILE = """
WITH scored AS MATERIALIZED (
    SELECT profile.target_id, sum(profile.weight * asked.weight) AS score
    FROM unnest(%s::text[], %s::float8[]) AS asked(term, weight)
    JOIN core_termprofile AS profile ON profile.term = asked.term AND profile.corpus = %s {of_collection}
    GROUP BY profile.target_id ORDER BY score DESC, profile.target_id LIMIT 1000
)
SELECT target_id, score FROM scored WHERE target_id IN ({eligible}) ORDER BY score DESC, target_id LIMIT %s
"""


@dataclass(frozen=True)
class Statistics:
    """What is known about the words of one query in one set of rows."""

    size: int
    mean_length: float
    row_counts: Mapping[str, int]

    def idf(self, term: str) -> float:
        count = self.row_counts.get(term, 0)
        return math.log(1 + (max(self.size, count) - count + 0.5) / (count + 0.5))

    def rarest_first(self, terms: Sequence[str]) -> list[str]:
        return sorted(terms, key=lambda term: (self.row_counts.get(term, 0), -len(term), term))

    def lookup_terms(self, terms: Sequence[str]) -> list[str]:
        """The rarest terms that together reach about CANDIDATES rows; at least one that occurs."""
        chosen: list[str] = []
        reached = 0
        for term in self.rarest_first(terms):
            count = self.row_counts.get(term, 0)
            if reached and reached + count > CANDIDATES:
                break
            chosen.append(term)
            reached += count
        return chosen


def rank(*, corpus: Corpus, eligible: QuerySet[Any], query: str, collection: str | None, limit: int) -> list[int]:
    """Ids of the best `eligible` items for the query, best first. Any text is accepted; "" finds nothing."""
    scores = _combined(corpus, eligible, term_counts(query), collection, max(limit * 3, NEIGHBOURS))
    latin = latin_query(query)
    if latin:
        for place, item_id in enumerate(_by_initials(eligible, latin, limit)):
            # Initials or a code typed in full beat a chance match of letters inside a text.
            scores[item_id] = scores.get(item_id, 0.0) + 1_000 - place
    best = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    return [item_id for item_id, _score in best[:limit]]


def _combined(
    corpus: Corpus, eligible: QuerySet[Any], counts: Counter[str], collection: str | None, limit: int
) -> dict[int, float]:
    if not counts:
        return {}
    of_texts, of_examples = _statistics(corpus, counts, collection)
    text = _text_scores(corpus, eligible, counts, of_texts, collection, limit)
    if of_examples.size <= of_texts.size:
        # Nothing was learned here: the examples' counts hold the texts alone, or nothing.
        return text
    terms = of_examples.rarest_first(list(counts))[:QUERY_TERMS]
    weights = [math.log1p(counts[term]) * of_examples.idf(term) for term in terms]
    scores = _profile_scores(corpus, eligible, dict(zip(terms, weights, strict=True)), collection, limit)
    for item_id, share in _vote_shares(corpus, eligible, terms, of_examples).items():
        scores[item_id] = scores.get(item_id, 0.0) + VOTE_WEIGHT * share
    highest = BODY_WEIGHT * sum(of_texts.idf(term) for term in counts) or 1.0
    for item_id, score in text.items():
        scores[item_id] = scores.get(item_id, 0.0) + COVERAGE_WEIGHT * min(score / highest, 1.0) ** 2
    return scores


def _statistics(corpus: Corpus, counts: Counter[str], collection: str | None) -> tuple[Statistics, Statistics]:
    """Word counts over texts, and over texts and examples, in one statement."""
    rows = TermCount.objects.filter(corpus__in=[corpus.text_counts, corpus.example_counts], term__in=["", *counts])
    if collection is not None:
        rows = rows.filter(collection=collection)
    found: dict[str, dict[str, tuple[int, int]]] = {corpus.text_counts: {}, corpus.example_counts: {}}
    totals = rows.values_list("corpus", "term").annotate(rows=Sum("row_count"), words=Sum("word_count"))
    for name, term, row_count, word_count in totals:
        found[name][term] = (row_count, word_count)
    return _statistics_of(found[corpus.text_counts]), _statistics_of(found[corpus.example_counts])


def _statistics_of(found: dict[str, tuple[int, int]]) -> Statistics:
    size, words = found.pop("", (0, 0))
    return Statistics(size, max(words / size, 1.0) if size else 1.0, {term: pair[0] for term, pair in found.items()})


def _text_scores(
    corpus: Corpus,
    eligible: QuerySet[Any],
    counts: Counter[str],
    known: Statistics,
    collection: str | None,
    limit: int,
) -> dict[int, float]:
    terms = known.rarest_first(list(counts))[:QUERY_TERMS]
    before: list[Any] = [any_of(known.lookup_terms(terms))]
    of_collection = ""
    if corpus.has_collections and collection is not None:
        of_collection = "AND item.collection = %s"
        before.append(collection)
    after = _asked(terms, known, [BODY_WEIGHT, 0.0, 0.0, 1.0], limit)
    return dict(_rows(_TEXT, corpus, eligible, before, after, of_collection=of_collection))


def _vote_shares(corpus: Corpus, eligible: QuerySet[Any], terms: list[str], known: Statistics) -> dict[int, float]:
    """Share of the votes of the nearest examples by item, adding to 1."""
    votes: dict[int, float] = defaultdict(float)
    before = [any_of(known.lookup_terms(terms))]
    after = _asked(terms, known, [1.0] * 4, NEIGHBOURS)
    for item_id, similarity in _rows(_NEAREST, corpus, eligible, before, after):
        votes[item_id] += similarity**2
    total = sum(votes.values()) or 1.0
    return {item_id: vote / total for item_id, vote in votes.items()}


def _asked(terms: list[str], known: Statistics, weights: list[float], limit: int) -> list[Any]:
    """The parameters of a statement that sums ts_rank over the asked words."""
    return [
        weights,
        known.mean_length,
        [quoted(term) for term in terms],
        [known.idf(term) for term in terms],
        limit,
    ]


def _profile_scores(
    corpus: Corpus, eligible: QuerySet[Any], weights: Mapping[str, float], collection: str | None, limit: int
) -> dict[int, float]:
    """Cosines between the query's words and the profiles."""
    norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    before: list[Any] = [list(weights), [weight / norm for weight in weights.values()], corpus.name]
    if collection is not None:
        before.append(collection)
    of_collection = "" if collection is None else "AND profile.collection = %s"
    return dict(_rows(_PROFILE, corpus, eligible, before, [limit], of_collection=of_collection))


def _rows(
    template: str, corpus: Corpus, eligible: QuerySet[Any], before: list[Any], after: list[Any], **parts: str
) -> list[tuple[int, float]]:
    """Run a statement whose parameters stand `before` and `after` those of the `eligible` rows."""
    subquery, parameters = eligible.values("pk").query.sql_with_params()
    statement = template.format(
        items=corpus.items_table, examples=corpus.examples_table, target=corpus.target, eligible=subquery, **parts
    )
    with connection.cursor() as cursor:
        cursor.execute(cast(LiteralString, statement), [*before, *parameters, *after])
        return [(int(item_id), float(score)) for item_id, score in cursor.fetchall()]


def _by_initials(eligible: QuerySet[Any], latin: str, limit: int) -> list[int]:
    """Items whose pinyin initials or code hold the letters; those that begin with them and are short come first."""
    rows = eligible.filter(initials__contains=latin).values_list("pk", "initials")[: limit * 10]
    ordered = sorted(rows, key=lambda row: (f" {row[1]}".find(f" {latin}") < 0, len(row[1]), row[0]))
    return [pk for pk, _initials in ordered[:limit]]
