"""Mail: replies leave in the customer's thread."""

from typing import TYPE_CHECKING

from core.outbox import enqueue
from tickets.channels.base import ChannelType, Content, Proof
from tickets.choices import ChannelKind

if TYPE_CHECKING:
    from tickets.models import Ticket, TicketMessage

REPLY = "email"


class Email(ChannelType):
    kind = ChannelKind.EMAIL
    sends = frozenset({Content.TEXT, Content.FILE})
    proof = Proof.HEADERS

    def can_write_to(self, ticket: "Ticket") -> bool:
        """Anonymous means: no contact."""
        return bool(ticket.customer.email) and not ticket.customer.is_anonymous

    def queue_reply(self, *, ticket: "Ticket", message: "TicketMessage") -> None:
        if self.can_write_to(ticket):
            enqueue(
                kind=REPLY,
                dedupe_key=f"reply:{message.pk}",
                target=f"ticket:{ticket.pk}",
                payload={"message": message.pk},
                lane=f"email:{ticket.pk}",
            )
