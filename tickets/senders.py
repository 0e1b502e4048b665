"""What of the outbox leaves through tickets."""

from core.outbox import OutboxItem, outbox_sender
from tickets.channels.email import REPLY
from tickets.services import outgoing


@outbox_sender(REPLY)
def send_email(item: OutboxItem) -> None:
    """A reply to a customer who wrote by mail."""
    outgoing.send_reply(item.payload["message"])
