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

_TEXT = """
SELECT item.id, sum(ts_rank(%s::float4[], item.search, asked.term) * asked.idf)
       / (0.7 + 0.3 * least(item.search_length / %s::float8, 5)) AS score
FROM {items} AS item, unnest(%s::tsquery[], %s::float8[]) AS asked(term, idf)
WHERE item.search @@ %s::tsquery AND item.id IN ({eligible})
GROUP BY item.id ORDER BY score DESC, item.id LIMIT %s
"""

_NEAREST = """
SELECT example.{target}, sum(ts_rank(%s::float4[], example.search, asked.term) * asked.idf)
       / (0.25 + 0.75 * least(example.search_length / %s::float8, 5)) AS score
FROM {examples} AS example, unnest(%s::tsquery[], %s::float8[]) AS asked(term, idf)
WHERE example.search @@ %s::tsquery AND example.{target} IN ({eligible})
GROUP BY example.id ORDER BY score DESC, example.id LIMIT %s
"""

_PROFILE = """
SELECT profile.target_id, sum(profile.weight * asked.weight) AS score
FROM core_termprofile AS profile
JOIN unnest(%s::text[], %s::float8[]) AS asked(term, weight) ON asked.term = profile.term
WHERE profile.corpus = %s AND profile.target_id IN ({eligible})
GROUP BY profile.target_id ORDER BY score DESC, 1 LIMIT %s
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
    text = _text_scores(corpus, eligible, counts, of_texts, limit)
    if not of_examples.size:
        return text
    terms = of_examples.rarest_first(list(counts))[:QUERY_TERMS]
    scores = _profile_scores(corpus, eligible, counts, terms, of_examples, limit)
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
    corpus: Corpus, eligible: QuerySet[Any], counts: Counter[str], known: Statistics, limit: int
) -> dict[int, float]:
    terms = known.rarest_first(list(counts))[:QUERY_TERMS]
    weights = [BODY_WEIGHT, 0.0, 0.0, 1.0]
    return dict(_asked(_TEXT, corpus, eligible, terms, known, weights, limit))


def _vote_shares(corpus: Corpus, eligible: QuerySet[Any], terms: list[str], known: Statistics) -> dict[int, float]:
    """Share of the votes of the nearest examples by item, adding to 1."""
    votes: dict[int, float] = defaultdict(float)
    for item_id, similarity in _asked(_NEAREST, corpus, eligible, terms, known, [1.0] * 4, NEIGHBOURS):
        votes[item_id] += similarity**2
    total = sum(votes.values()) or 1.0
    return {item_id: vote / total for item_id, vote in votes.items()}


def _asked(
    template: str,
    corpus: Corpus,
    eligible: QuerySet[Any],
    terms: list[str],
    known: Statistics,
    weights: list[float],
    limit: int,
) -> list[tuple[int, float]]:
    values = [
        weights,
        known.mean_length,
        [quoted(term) for term in terms],
        [known.idf(term) for term in terms],
        any_of(known.lookup_terms(terms)),
    ]
    return _rows(template, corpus, eligible, values, limit)


def _profile_scores(
    corpus: Corpus, eligible: QuerySet[Any], counts: Counter[str], terms: list[str], known: Statistics, limit: int
) -> dict[int, float]:
    weights = [math.log1p(counts[term]) * known.idf(term) for term in terms]
    norm = math.sqrt(sum(weight * weight for weight in weights)) or 1.0
    values = [terms, [weight / norm for weight in weights], corpus.name]
    return dict(_rows(_PROFILE, corpus, eligible, values, limit))


def _rows(
    template: str, corpus: Corpus, eligible: QuerySet[Any], values: list[Any], limit: int
) -> list[tuple[int, float]]:
    subquery, parameters = eligible.values("pk").query.sql_with_params()
    statement = template.format(
        items=corpus.items_table, examples=corpus.examples_table, target=corpus.target, eligible=subquery
    )
    with connection.cursor() as cursor:
        cursor.execute(cast(LiteralString, statement), [*values, *parameters, limit])
        return [(int(item_id), float(score)) for item_id, score in cursor.fetchall()]


def _by_initials(eligible: QuerySet[Any], latin: str, limit: int) -> list[int]:
    """Items whose pinyin initials or code hold the letters; those that begin with them and are short come first."""
    rows = eligible.filter(initials__contains=latin).values_list("pk", "initials")[: limit * 10]
    ordered = sorted(rows, key=lambda row: (f" {row[1]}".find(f" {latin}") < 0, len(row[1]), row[0]))
    return [pk for pk, _initials in ordered[:limit]]
