"""Configuration rows (channels, queues, rules, policies) read on every intake.

They change a few times a week and are read thousands of times an hour, so readers get
them from the shared cache. A change drops the cached copy when it commits; the time to
live bounds the damage if Redis was away at that moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import models, transaction

T = TypeVar("T")
TTL_SECONDS = 30
_KEY = "tickets:configuration"
_apart: ContextVar[dict[str, Any] | None] = ContextVar("configuration_apart", default=None)


def cached(load: Callable[[], T]) -> T:
    """The value of `load()`, from the shared cache when it is there. One look-up for all of it."""
    own = _apart.get()
    if own is not None:
        if _KEY not in own:
            own[_KEY] = load()
        return own[_KEY]  # type: ignore[no-any-return]
    value = cache.get(_KEY)
    if value is None:
        value = load()
        cache.set(_KEY, value, TTL_SECONDS)
    return value


def forget() -> None:
    """Drop the cached copy of the configuration."""
    own = _apart.get()
    if own is not None:
        own.clear()
    cache.delete(_KEY)


@contextmanager
def apart() -> Iterator[None]:
    """Keep the copy to this block: for a long transaction whose rows nobody else may see yet, nor it theirs."""
    token = _apart.set({})
    try:
        yield
    finally:
        _apart.reset(token)


class ConfigurationRow(models.Model):
    """A row of configuration: saving or deleting it drops the cached copies on commit.

    This is the one place where `save()` has a side effect: a stale rule would send
    tickets the wrong way, and every writer (admin, API, command) must cause the drop.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        transaction.on_commit(forget, robust=True)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        result = super().delete(*args, **kwargs)
        transaction.on_commit(forget, robust=True)
        return result
