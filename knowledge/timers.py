"""Periodic work of the knowledge base."""

from datetime import datetime

from core.ranking.refreshing import REFRESH_EVERY, refresh_if_changed
from core.timers import periodic
from knowledge.search import ARTICLES


@periodic("knowledge.recount", every=REFRESH_EVERY)
def recount_articles(slot: datetime) -> None:
    """Word counts and profiles of articles, when something changed."""
    refresh_if_changed(ARTICLES, slot)
