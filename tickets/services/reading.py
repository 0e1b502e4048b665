"""What a person has read: a ticket is unread while the customer's newest message came later."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core import clock
from tickets.choices import MessageKind
from tickets.models import Ticket, TicketSeen

if TYPE_CHECKING:
    from crm.staff.models import User


def mark_seen(*, ticket: Ticket, actor: "User") -> None:
    """Everything said up to now has been before the person's eyes."""
    TicketSeen.objects.bulk_create(
        [TicketSeen(ticket=ticket, user=actor, seen_at=clock.now())],
        update_conflicts=True,
        unique_fields=["user", "ticket"],
        update_fields=["seen_at"],
    )


def unread_among(tickets: Sequence[Ticket], user: "User") -> set[int]:
    """Ids of tickets whose customer wrote last and later than the person looked. One statement."""
    spoken = {ticket.pk: ticket for ticket in tickets if ticket.last_message_kind == MessageKind.CUSTOMER}
    if not spoken:
        return set()
    seen = dict(TicketSeen.objects.filter(user=user, ticket__in=spoken).values_list("ticket_id", "seen_at"))
    return {
        pk
        for pk, ticket in spoken.items()
        if ticket.last_message_at is not None and (pk not in seen or seen[pk] < ticket.last_message_at)
    }
