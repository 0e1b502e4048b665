"""The Redis connection of this process. Redis carries news and nudges only: losing it loses nothing."""

import logging
import time
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

EVENTS_CHANNEL = "kean:events"
_PAUSE_AFTER_FAILURE = 2.0  # seconds without a new try, so that a dead Redis does not slow every request
_quiet_until = 0.0


@cache
def client() -> "redis.Redis":
    """A client that gives up after half a second instead of holding the caller."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)


def publish_nudge() -> bool:
    """Tell every live reader that there are new events. False (and a log line) when Redis is away."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    try:
        client().publish(EVENTS_CHANNEL, "1")
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + _PAUSE_AFTER_FAILURE
        logger.warning("Live news not sent, Redis is away: %s", error)
        return False
    return True
