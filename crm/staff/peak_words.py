"""What the plan in force says to customers and colleagues; the lower floors ask through `tickets.peak`."""

import logging

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from core import clock
from crm.staff.models import PeakPlan
from tickets.peak import PeakWords

logger = logging.getLogger(__name__)

TTL_SECONDS = 30
_KEY = "staff:peaks"


def current() -> PeakWords | None:
    """The words of the plan in force at this very moment; the plans ahead are remembered, the clock decides."""
    now = clock.now()
    return next((words for words in _ahead() if words.starts_at <= now < words.ends_at), None)


def forget() -> None:
    """Drop what is remembered, once the transaction is through."""
    transaction.on_commit(_drop, robust=True)


def _drop() -> None:
    try:
        cache.delete(_KEY)
    except RedisError as error:
        logger.warning("Remembered peak plans not dropped, Redis is away: %s", error)


def _ahead() -> list[PeakWords]:
    known: list[PeakWords] | None
    try:
        known = cache.get(_KEY)
        if known is None:
            known = _read()
            cache.set(_KEY, known, TTL_SECONDS)
    except RedisError as error:
        logger.warning("Peak plans read without the cache, Redis is away: %s", error)
        return _read()
    return known


def _read() -> list[PeakWords]:
    rows = PeakPlan.objects.ahead_of(clock.now()).order_by("starts_at")
    return [PeakWords(row.name, row.starts_at, row.ends_at, row.greeting, row.sla_note) for row in rows]
