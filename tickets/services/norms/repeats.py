"""Asking a customer for what they have told already (A22): warned of while typing, counted when it was sent."""

from customers.models import Order
from tickets.choices import MessageKind
from tickets.known_facts import AskedAgain, Fact, asked_again, facts_told, masked, questions_in
from tickets.models import Ticket


def repeats_in(*, ticket: Ticket, text: str) -> list[AskedAgain]:
    """What the text asks for although it stands on the ticket, at the customer or in an earlier message.

    A text that asks for nothing costs no statement.
    """
    wanted = questions_in(text)
    return asked_again(text, _known(ticket, wanted)) if wanted else []


def _known(ticket: Ticket, wanted: list[Fact]) -> dict[Fact, str]:
    found: dict[Fact, str] = {}
    customer = ticket.customer
    if customer.phone:
        found[Fact.PHONE] = masked(Fact.PHONE, customer.phone)
    if customer.name:
        found[Fact.NAME] = masked(Fact.NAME, customer.name)
    if ticket.order_no:
        found[Fact.ORDER_NO] = ticket.order_no
    if set(wanted) <= set(found):
        return found
    if Fact.ADDRESS in wanted and ticket.order_no:
        order = Order.objects.filter(customer=ticket.customer_id, order_no=ticket.order_no).first()
        if order is not None and order.receiver_address:
            found[Fact.ADDRESS] = masked(Fact.ADDRESS, order.receiver_address)
    said = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("created_at", "pk")
    return {**facts_told(message.body for message in said), **found}
