"""A way out to customers that needs tickets: words into a conversation that is under way on their platform."""

from collections.abc import Collection

from core.outbox import Undeliverable
from customers.models import Customer, Outreach
from customers.outreach.ways import Way, register_way
from customers.outreach_choices import OutreachChannel
from tickets import channels
from tickets.choices import ChannelKind
from tickets.models import Ticket
from tickets.services import conversation
from tickets.services.appointments import reminding


def _relayed_kinds() -> list[str]:
    return [kind for kind in ChannelKind.values if channels.of(kind).is_relayed]


def with_conversation(customers: Collection[Customer]) -> set[int]:
    """Those with an open ticket on a channel whose messages another system fetches and delivers."""
    rows = Ticket.objects.open().filter(customer__in=[one.pk for one in customers], merged_into=None)
    return set(rows.filter(channel__kind__in=_relayed_kinds()).order_by().values_list("customer_id", flat=True))


def say(outreach: Outreach) -> None:
    """Into the newest of these conversations, once: the message stands there before the row says "sent"."""
    rows = Ticket.objects.open().filter(customer=outreach.customer_id, merged_into=None)
    ticket = rows.filter(channel__kind__in=_relayed_kinds()).order_by("-created_at", "-pk").first()
    if ticket is None:
        raise Undeliverable("the conversation has ended")
    conversation.automatic_message(ticket=ticket, body=outreach.body)


def register() -> None:
    """Tell the floor below, once at start-up."""
    register_way(Way("conversation", OutreachChannel.CONVERSATION, with_conversation, say))
    reminding.register()
