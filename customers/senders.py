"""What of the outbox leaves through this floor."""

from core.outbox import OutboxItem, outbox_sender
from customers.outreach import contacting
from customers.outreach.reaching import KIND

#: Seconds between tries: soon for a server that lists strangers grey, then for most of a day.
RETRY_AFTER = (60, 300, 1800, 7200, 14400, 28800)


@outbox_sender(KIND, retry_after=RETRY_AFTER)
def send_outreach(item: OutboxItem) -> None:
    """A message to a customer that is not a reply."""
    contacting.deliver(outreach_id=item.payload["outreach"], is_last_try=item.attempt >= len(RETRY_AFTER))
