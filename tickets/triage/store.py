"""Where trained models live, and which one judges.

The artefact is in the database, so every machine sees the same. A process keeps the live model in memory and asks
the shared cache at most every ten seconds whether another one has gone live; the database answers when the cache
cannot.
"""

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache
from django.db import connection, transaction
from redis.exceptions import RedisError

from tickets.triage.model import BadArtefact, LinearTriage, loads
from tickets.triage.models import TriageModel

if TYPE_CHECKING:
    from tickets.triage.training import Trained

logger = logging.getLogger(__name__)

CHECK_SECONDS = 10.0
_NONE = 0


@dataclass(frozen=True, slots=True)
class Live:
    """The model in force; both are None until one has gone live."""

    id: int | None = None
    model: LinearTriage | None = None


@dataclass(slots=True)
class _Memory:
    live: Live
    database: str
    checked_at: float


_memory: _Memory | None = None


def live_model() -> Live:
    """The model in force, at most ten seconds out of date."""
    global _memory
    database = str(connection.settings_dict["NAME"])
    now = time.monotonic()
    if _memory is not None and _memory.database == database and now - _memory.checked_at < CHECK_SECONDS:
        return _memory.live
    known = _memory.live if _memory is not None and _memory.database == database else Live()
    live_id = _live_id()
    live = known if live_id == (known.id or _NONE) else _load(live_id)
    _memory = _Memory(live, database, now)
    return live


def save_model(*, trained: "Trained", go_live: bool, actor: AbstractBaseUser | None) -> TriageModel:
    """Store a trained model; with `go_live` it judges from now on, everywhere within ten seconds."""
    with transaction.atomic():
        if go_live:
            TriageModel.objects.live().update(is_live=False)
        row = TriageModel.objects.create(
            created_by_id=actor.pk if actor is not None else None,
            metrics=trained.figures,
            row_count=trained.row_count,
            labels=trained.labels,
            artefact=trained.model.dumps(),
            is_live=go_live,
        )
    if go_live:
        forget()
    return row


def forget() -> None:
    """Make this process look again, and tell the others through the cache once the transaction is through."""
    global _memory
    _memory = None
    transaction.on_commit(_drop_cached_id)


def _live_id() -> int:
    key = _cache_key()
    try:
        cached = cache.get(key)
    except RedisError:
        cached = None
    if cached is not None:
        return int(cached)
    found = TriageModel.objects.live().values_list("id", flat=True).first() or _NONE
    try:
        cache.set(key, found, CHECK_SECONDS)
    except RedisError:
        logger.warning("triage.cache_unavailable")
    return found


def _load(model_id: int) -> Live:
    if model_id == _NONE:
        return Live()
    artefact = TriageModel.objects.filter(pk=model_id).values_list("artefact", flat=True).first()
    if artefact is None:
        return Live()
    try:
        return Live(model_id, loads(bytes(artefact)))
    except BadArtefact:
        logger.exception("triage.bad_artefact", extra={"model": model_id})
        return Live()


def _drop_cached_id() -> None:
    try:
        cache.delete(_cache_key())
    except RedisError:
        logger.warning("triage.cache_unavailable")


def _cache_key() -> str:
    return f"triage:live:{connection.settings_dict['NAME']}"
