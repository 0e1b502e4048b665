"""Word counts and profiles, reckoned anew from the rows by the database itself.

They are rewritten as a whole (after an import, after training, and by a periodic job), never row by row:
counting inside the transaction that sends a reply would make all replies wait for the same common words.
A word that is not counted yet is simply taken as rare.
"""

from typing import LiteralString, cast

from django.db import connection, transaction

from core.ranking.corpus import Corpus

# The heaviest words of a profile; 400 rank as well as all of them, measured on 118 articles and 12,000 messages.
PROFILE_TERMS = 400
# Only the newest messages of an item count, so that the work grows with the library and not with its age.
NEWEST_EXAMPLES = 300

_COUNT = """
INSERT INTO core_termcount (corpus, collection, term, row_count, word_count)
SELECT %(counts)s, source.collection, left(word.lexeme, 200), count(*), 0
FROM ({source}) AS source, unnest(source.search) AS word
GROUP BY source.collection, left(word.lexeme, 200)
UNION ALL
SELECT %(counts)s, source.collection, '', count(*), coalesce(sum(source.search_length), 0)
FROM ({source}) AS source GROUP BY source.collection
"""

_TEXTS = """
SELECT item.id AS target, item.search, item.search_length, {collection} AS collection
FROM {items} AS item WHERE item.search IS NOT NULL AND item.live_version_id IS NOT NULL
"""

_EXAMPLES = """
SELECT target, search, search_length, collection FROM (
    SELECT item.id AS target, example.search, example.search_length, {collection} AS collection,
           row_number() OVER (PARTITION BY item.id ORDER BY example.learned_at DESC, example.id DESC) AS place
    FROM {examples} AS example JOIN {items} AS item ON item.id = example.{target}
    WHERE item.live_version_id IS NOT NULL
) AS recent WHERE place <= {newest}
"""

# The profile of an item: the sum of the unit TF-IDF vectors of its text and examples, made a unit vector again.
_PROFILE = """
INSERT INTO core_termprofile (corpus, collection, target_id, term, weight)
WITH rows AS (
    SELECT row_number() OVER () AS row_id, source.* FROM ({source}) AS source
), sizes AS (
    SELECT collection, row_count AS size FROM core_termcount WHERE corpus = %(counts)s AND term = ''
), words AS (
    SELECT rows.row_id, rows.target, rows.collection, word.lexeme,
           ln(1 + cardinality(word.positions)) * ln(1 + (sizes.size - c.row_count + 0.5) / (c.row_count + 0.5)) AS w
    FROM rows CROSS JOIN LATERAL unnest(rows.search) AS word
    JOIN sizes ON sizes.collection = rows.collection
    JOIN core_termcount c ON c.corpus = %(counts)s AND c.collection = rows.collection AND c.term = word.lexeme
), norms AS (
    SELECT row_id, sqrt(sum(w * w)) AS norm FROM words GROUP BY row_id
), sums AS (
    SELECT words.target, words.collection, words.lexeme, sum(words.w / norms.norm) AS w
    FROM words JOIN norms ON norms.row_id = words.row_id AND norms.norm > 0
    GROUP BY words.target, words.collection, words.lexeme
), ranked AS (
    SELECT sums.*, sqrt(sum(w * w) OVER (PARTITION BY target)) AS norm,
           row_number() OVER (PARTITION BY target ORDER BY w DESC, lexeme) AS place
    FROM sums
)
SELECT %(profile)s, collection, target, lexeme, w / norm FROM ranked WHERE place <= %(limit)s AND norm > 0
"""


@transaction.atomic
def recount(corpus: Corpus) -> None:
    """Reckon the word counts of a corpus and, where it has examples, the profiles of its items."""
    has_examples = corpus.examples._default_manager.exists()
    with connection.cursor() as cursor:
        # Two recounts at once would insert the same words twice.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"recount {corpus.name}"])
        for table, names in (
            ("core_termcount", [corpus.text_counts, corpus.example_counts]),
            ("core_termprofile", [corpus.name]),
        ):
            cursor.execute(_sql("DELETE FROM {table} WHERE corpus = ANY(%s)", table=table), [names])
        cursor.execute(_sql(_COUNT, source=_source(corpus, _TEXTS)), {"counts": corpus.text_counts})
        if has_examples:
            source = _source(corpus, _TEXTS, _EXAMPLES)
            values: dict[str, str | int] = {
                "counts": corpus.example_counts,
                "profile": corpus.name,
                "limit": PROFILE_TERMS,
            }
            cursor.execute(_sql(_COUNT, source=source), values)
            # Without fresh statistics the planner joins the new counts row by row, for minutes.
            cursor.execute("ANALYZE core_termcount")
            cursor.execute(_sql(_PROFILE, source=source), values)
    _analyze()


def _source(corpus: Corpus, *templates: str) -> str:
    return " UNION ALL ".join(templates).format(
        collection=corpus.collection_sql,
        items=corpus.items_table,
        examples=corpus.examples_table,
        target=corpus.target,
        newest=NEWEST_EXAMPLES,
    )


def _sql(template: str, **parts: str) -> LiteralString:
    """Put table names of our own models into a statement; values travel as parameters."""
    return cast(LiteralString, template.format(**parts))


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_termcount, core_termprofile")
