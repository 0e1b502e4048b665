"""The Redis connection of this process. Redis carries news and nudges only: losing it loses nothing."""

import json
import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.db import connection

T = TypeVar("T")

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


def passing_channel() -> str:
    """Where passing news of this database is told; two systems on one Redis do not hear each other."""
    return f"kean:passing:{connection.settings_dict['NAME']}"


def publish_passing(
    *, kind: str, subject_type: str, subject_id: int, audience: list[str], data: dict[str, Any]
) -> bool:
    """Tell the live readers something that is worth nothing once it is over, such as who is typing.

    It is never stored and never repeated. False when Redis is away: then nobody hears of it.
    """
    news = {"kind": kind, "subject_type": subject_type, "subject_id": subject_id, "audience": audience, "data": data}
    return attempt(lambda redis_client: redis_client.publish(passing_channel(), json.dumps(news))) is not None


def attempt(ask: "Callable[[redis.Redis], T]") -> "T | None":
    """The answer of Redis, or None (and a log line) when it is away."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return None
    try:
        return ask(client())
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + _PAUSE_AFTER_FAILURE
        logger.warning("Redis is away: %s", error)
        return None
