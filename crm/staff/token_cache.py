"""The key look-up that most requests take: from the cache, else one statement.

An entry lives 30 seconds. What ends a key (revocation, deactivation, another role) puts a
tombstone there for as long, and entries are only ever added, never overwritten: a request
that read the database just before the change cannot bring the old answer back.
"""

import hashlib
import logging
from collections.abc import Iterable
from datetime import timedelta

from django.core.cache import cache
from redis.exceptions import RedisError

from core import clock
from crm.staff.heartbeat import beat, last_beat
from crm.staff.models import ApiToken

logger = logging.getLogger(__name__)

CACHE_SECONDS = 30
_TOMBSTONE = "gone"
_USED_EVERY = timedelta(hours=1)


def digest_of(key: str) -> str:
    """What is stored of a key. A key is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def find(key: str) -> ApiToken | None:
    """The working key with its person, or None. No statement when it was asked for lately."""
    digest = digest_of(key)
    token = _cached(digest)
    if token is None:
        token = _load(digest)
    if token is None or not token.works_at(clock.now()) or not token.user.is_active:
        return None
    return token


def forget(digests: Iterable[str]) -> None:
    try:
        cache.set_many(dict.fromkeys(map(_name, digests), _TOMBSTONE), CACHE_SECONDS)
    except RedisError as error:
        logger.warning("Cached keys not cleared, Redis is away: %s", error)


def forget_tokens_of(user_id: int) -> None:
    forget(ApiToken.objects.filter(user=user_id, revoked_at=None).values_list("digest", flat=True))


def _name(digest: str) -> str:
    return f"staff:token:{digest}"


def _cached(digest: str) -> ApiToken | None:
    try:
        entry = cache.get(_name(digest))
    except RedisError as error:
        logger.warning("Key looked up without the cache, Redis is away: %s", error)
        return None
    return entry if isinstance(entry, ApiToken) else None


def _load(digest: str) -> ApiToken | None:
    # The password's hash stays out of the cache.
    token = ApiToken.objects.select_related("user__presence").defer("user__password").filter(digest=digest).first()
    if token is None:
        return None
    now = clock.now()
    if token.last_used_at is None or token.last_used_at < now - _USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    # An entry lives shorter than it takes to count as gone, so a key in use never looks silent.
    beat(token.user, last=last_beat(token.user))
    try:
        cache.add(_name(digest), token, CACHE_SECONDS)
    except RedisError as error:
        logger.warning("Key not cached, Redis is away: %s", error)
    return token
