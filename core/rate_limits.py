"""How often somebody may do something: a sliding window in Redis, exact to the call.

When Redis is away a limit either closes (login, public forms) or is kept by this process
alone (the API), as its owner decides.
"""

import ipaddress
import math
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.redis import client

# Forget what left the window; count; note this call when there is room. The engine's own clock
# decides, so that web processes with different clocks agree.
_SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now, now .. '-' .. ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return math.max(1, oldest[2] + window - now)
"""
_MOST_LOCAL_KEYS = 10_000


class LimiterUnavailable(DomainError):
    """The limit cannot be checked, and without it the door stays shut."""

    status = 503
    default_code = "limiter_unavailable"


@dataclass(frozen=True)
class Limit:
    """At most `calls` in any `seconds`. `closes` says what happens without Redis."""

    name: str
    calls: int
    seconds: int
    closes: bool


def _key(limit: Limit, identity: str) -> str:
    # Two installations on one Redis count apart, as their caches do.
    return f"{settings.CACHES['default'].get('KEY_PREFIX', '')}limit:{limit.name}:{identity}"


def hit(limit: Limit, identity: str) -> int:
    """Count one call. 0 when it is within the limit, else the seconds to wait.

    Raises LimiterUnavailable when Redis is away and the limit closes.
    """
    key = _key(limit, identity)
    try:
        wait = client().eval(_SCRIPT, 1, key, limit.calls, limit.seconds * 1000, secrets.token_hex(6))
    except redis.RedisError:
        if limit.closes:
            raise LimiterUnavailable(_("系统暂时无法处理，请稍后再试。")) from None
        return _local.hit(limit, key)
    return math.ceil(int(wait) / 1000)


class _LocalWindows:
    """The same window kept in this process, for the time Redis is away."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def hit(self, limit: Limit, key: str) -> int:
        now = time.monotonic()
        with self._lock:
            if len(self._calls) > _MOST_LOCAL_KEYS:
                self._calls.clear()
            calls = self._calls.setdefault(key, deque())
            while calls and calls[0] <= now - limit.seconds:
                calls.popleft()
            if len(calls) < limit.calls:
                calls.append(now)
                return 0
            return math.ceil(calls[0] + limit.seconds - now)


_local = _LocalWindows()


def client_ip(request: HttpRequest) -> str:
    """The address of the caller. X-Forwarded-For counts only when a trusted proxy wrote it."""
    address = str(request.META.get("REMOTE_ADDR") or "unknown")
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR") or "")
    # From the right: each entry was written by the hop after it, which must be one of ours.
    for entry in reversed(forwarded.split(",")):
        if not _is_trusted(address):
            break
        candidate = entry.strip()
        if _parsed(candidate) is None:
            break
        address = candidate
    return address


def _is_trusted(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=4)
def _networks(entries: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
