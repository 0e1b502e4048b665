"""When word counts are reckoned anew."""

from datetime import datetime, timedelta

from core.ranking.corpus import Corpus
from core.ranking.counting import recount

REFRESH_EVERY = timedelta(minutes=10)


def refresh_if_changed(corpus: Corpus, slot: datetime) -> bool:
    """Recount when a text or an example changed since the slot before last (slots may run late)."""
    since = slot - 2 * REFRESH_EVERY
    changed = (
        corpus.items._default_manager.filter(updated_at__gte=since).exists()
        or corpus.examples._default_manager.filter(learned_at__gte=since).exists()
    )
    if changed:
        recount(corpus)
    return changed
