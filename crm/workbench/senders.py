"""What of the outbox is written by the desk."""

from core.outbox import OutboxItem, outbox_sender
from crm.workbench.bulk import replying


@outbox_sender(replying.KIND)
def send_bulk_reply(item: OutboxItem) -> None:
    """One answer of many."""
    replying.send_row(item.payload["row"])
