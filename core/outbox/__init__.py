"""What must leave the house: rows written with the change, sent at least once with a constant key.

No timer fires twice; but a receiver may see the same `dedupe_key` again after a crash between
sending and noting it. Senders pass the key on (webhook-id, Message-ID, Idempotency-Key).
"""

from core.outbox.delivery import deliver_due, replay
from core.outbox.models import OutboxItem, OutboxState
from core.outbox.queueing import OutboxData, enqueue, enqueue_many
from core.outbox.registry import Undeliverable, outbox_sender

__all__ = [
    "OutboxData",
    "OutboxItem",
    "OutboxState",
    "Undeliverable",
    "deliver_due",
    "enqueue",
    "enqueue_many",
    "outbox_sender",
    "replay",
]
