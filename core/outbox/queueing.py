from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.outbox.models import OutboxItem


@dataclass(frozen=True, kw_only=True)
class OutboxData:
    """What to send. A `dedupe_key` seen before is not queued again; `lane` keeps an order (empty: none)."""

    kind: str
    dedupe_key: str
    target: str
    payload: dict[str, Any] = field(default_factory=dict)
    lane: str = ""
    not_before: datetime | None = None


def enqueue(
    *,
    kind: str,
    dedupe_key: str,
    target: str,
    payload: dict[str, Any],
    lane: str = "",
    not_before: datetime | None = None,
) -> None:
    """Queue one item in the current transaction; it leaves after commit."""
    enqueue_many(
        [OutboxData(kind=kind, dedupe_key=dedupe_key, target=target, payload=payload, lane=lane, not_before=not_before)]
    )


def enqueue_many(items: Sequence[OutboxData]) -> None:
    """Queue items with one statement (two when some have a moment of their own)."""
    for group in ([i for i in items if i.not_before is None], [i for i in items if i.not_before is not None]):
        OutboxItem.objects.bulk_create([_row(item) for item in group], ignore_conflicts=True)


def _row(item: OutboxData) -> OutboxItem:
    row = OutboxItem(
        kind=item.kind, dedupe_key=item.dedupe_key, target=item.target, payload=item.payload, lane=item.lane
    )
    if item.not_before is not None:
        row.next_at = item.not_before
    return row
