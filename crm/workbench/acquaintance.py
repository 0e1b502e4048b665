"""What an agent should know of the customer when a conversation opens: all of it recorded, nothing made up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.language import mask_text
from crm.followups.models import FollowUpVisit
from crm.staff.models import User
from customers import panels
from tickets.choices import MessageKind
from tickets.models import ContactAttempt, Ticket, TicketMessage
from tickets.querysets import sight
from tickets.readable import preview

INTERACTIONS = 5
OPEN_TICKETS = 8


@dataclass(frozen=True)
class Interaction:
    """One time the customer and we spoke, or tried to."""

    at: datetime
    icon: str
    what: str | Promise
    text: str
    number: str


_MESSAGES = {
    MessageKind.CUSTOMER.value: ("message-circle", _("客户来信")),
    MessageKind.REPLY.value: ("corner-up-left", _("我方回复")),
}


def interactions_with(ticket: Ticket, user: User) -> list[Interaction]:
    """The newest five with this customer outside the open conversation, in sight only. Three statements."""
    found = [*_messages(ticket, user), *_calls(ticket, user), *_visits(ticket, user)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:INTERACTIONS]


def _messages(ticket: Ticket, user: User) -> Iterator[Interaction]:
    rows = TicketMessage.objects.filter(sight(user, "ticket__"), ticket__customer=ticket.customer_id)
    said = rows.filter(kind__in=list(_MESSAGES)).exclude(ticket=ticket.pk).select_related("ticket")
    for row in said.defer("ticket__search").order_by("-created_at", "-pk")[:INTERACTIONS]:
        icon, what = _MESSAGES[row.kind]
        body = mask_text(row.body) if user.is_auditor else row.body
        yield Interaction(row.created_at, icon, what, preview(body), row.ticket.number)


def _calls(ticket: Ticket, user: User) -> Iterator[Interaction]:
    rows = ContactAttempt.objects.filter(sight(user, "ticket__"), ticket__customer=ticket.customer_id)
    for row in rows.select_related("ticket").defer("ticket__search").order_by("-attempted_at", "-pk")[:INTERACTIONS]:
        yield Interaction(row.attempted_at, "phone", row.get_outcome_display(), preview(row.note), row.ticket.number)


def _visits(ticket: Ticket, user: User) -> Iterator[Interaction]:
    rows = FollowUpVisit.objects.visible_to(user).filter(customer=ticket.customer_id, done_at__isnull=False)
    for row in rows.select_related("ticket").defer("ticket__search").order_by("-done_at", "-pk")[:INTERACTIONS]:
        if row.done_at is not None:
            number = row.ticket.number if row.ticket is not None else ""
            yield Interaction(row.done_at, "phone-call", _("回访"), row.get_outcome_display(), number)


def open_tickets_of(ticket: Ticket, user: User) -> list[Ticket]:
    """What else of this customer is not done, the oldest first."""
    rows = Ticket.objects.visible_to(user).open().filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(rows.for_list().order_by("created_at", "pk")[:OPEN_TICKETS])


def acquaintance(ticket: Ticket, user: User) -> dict[str, Any]:
    """Everything the right pane shows of it."""
    return {
        "interactions": interactions_with(ticket, user),
        "open_tickets": open_tickets_of(ticket, user),
        "care": panels.care(ticket.customer, user),
        "preferences": ticket.customer.preferences or {},
    }
