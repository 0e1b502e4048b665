"""Configuration rows (channels, queues, rules, policies) read on every intake.

They change a few times a week and are read thousands of times an hour, so readers get
them from the shared cache. A change drops the cached copy when it commits; the time to
live bounds the damage if Redis was away at that moment.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import models, transaction

T = TypeVar("T")
TTL_SECONDS = 30
_KEY = "tickets:configuration:{}"


def cached(name: str, load: Callable[[], T]) -> T:
    """The value of `load()`, from the shared cache when it is there."""
    key = _KEY.format(name)
    value = cache.get(key)
    if value is None:
        value = load()
        cache.set(key, value, TTL_SECONDS)
    return value


def forget() -> None:
    """Drop every cached copy of the configuration."""
    cache.delete_many([_KEY.format(name) for name in CACHED_NAMES])


CACHED_NAMES = ("channels", "queues", "routing_rules", "sla_policies", "shops")


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
