"""Storing past messages as examples: masked, cut into terms, each once."""

import hashlib
from collections.abc import Iterable
from typing import Any

from core import clock
from core.language import mask_text
from core.ranking.corpus import Corpus
from core.ranking.models import ExampleSource
from core.ranking.vectors import vector

_BATCH = 1_000


def store_examples(*, corpus: Corpus, pairs: Iterable[tuple[str, int]], source: ExampleSource, **columns: Any) -> int:
    """Remember (message, item id) pairs; what was known already stays once. Returns how many were handed in.

    Only the terms of the masked message are kept. Messages without any term are left out.
    """
    stored = 0
    batch: list[Any] = []
    for text, item_id in pairs:
        masked = mask_text(text)
        literal, length = vector(body=masked)
        if not literal:
            continue
        batch.append(
            corpus.examples(
                **{corpus.target: item_id},
                digest=hashlib.sha256(masked.encode("utf-8", "backslashreplace")).hexdigest(),
                search=literal,
                search_length=length,
                source=source,
                learned_at=clock.now(),
                **columns,
            )
        )
        stored += 1
        if len(batch) >= _BATCH:
            corpus.examples._default_manager.bulk_create(batch, ignore_conflicts=True)
            batch = []
    if batch:
        corpus.examples._default_manager.bulk_create(batch, ignore_conflicts=True)
    return stored
