"""What we told the customer before they bought: whose words, by which script (D19)."""

from customers.models import Order
from tickets.choices import MessageKind
from tickets.models import Ticket, TicketMessage


def given_before(*, ticket: Ticket, order: Order) -> TicketMessage | None:
    """Our last words to this customer before the order; else the last on the ticket itself; None if we said nothing."""
    replies = TicketMessage.objects.filter(kind=MessageKind.REPLY, author__isnull=False).order_by("-created_at", "-id")
    replies = replies.only("pk")
    before = replies.filter(ticket__customer=order.customer_id, created_at__lt=order.ordered_at)
    found: TicketMessage | None = before.first() or replies.filter(ticket=ticket).first()
    return found
