"""What helps on a ticket now: scripts, articles, similar tickets, a way to talk."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from knowledge.search import search_articles
from scripts_library.suggestion import ladder_scripts, suggest_scripts
from tickets.anger import Anger, anger_of
from tickets.choices import MessageKind, TicketStatus
from tickets.models import Ticket, TicketMessage

if TYPE_CHECKING:
    from crm.staff.models import User

LIMIT = 5


def asked(ticket: Ticket) -> str:
    """What the customer asks: the subject and their latest messages."""
    recent = TicketMessage.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER).order_by("-created_at")[:3]
    return "\n".join([ticket.subject, *(message.body for message in reversed(list(recent)))])


def anger_on(ticket: Ticket) -> Anger:
    """How upset the customer is, by their last message."""
    said = TicketMessage.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER)
    last = said.order_by("-created_at", "-pk").first()
    return anger_of(last.body if last is not None else "")


def suggestions_for(*, ticket: Ticket, user: "User") -> dict[str, Any]:
    """Scripts and articles for what was asked, solved tickets of the same category, and a strategy."""
    text = asked(ticket)
    anger = anger_on(ticket)
    return {
        "scripts": suggest_scripts(text, ticket_type=ticket.type, limit=LIMIT),
        "articles": search_articles(text, limit=LIMIT),
        "similar": similar_to(ticket, user),
        "strategy": strategy_for(ticket),
        "anger": anger,
        "ladder": ladder_scripts(anger.level, ticket_type=ticket.type, limit=LIMIT) if anger.level else [],
    }


def similar_to(ticket: Ticket, user: "User") -> list[Ticket]:
    """The newest solved tickets of the same category that the user may see."""
    if not ticket.category:
        return []
    rows = Ticket.objects.visible_to(user).filter(
        category=ticket.category, status__in=[TicketStatus.SOLVED, TicketStatus.CLOSED], merged_into=None
    )
    return list(rows.exclude(pk=ticket.pk).order_by("-created_at", "-pk")[:LIMIT])


def strategy_for(ticket: Ticket) -> dict[str, Any]:
    """How to talk: soothe first when the customer is upset, settle facts first otherwise."""
    upset = (ticket.negative or 0) >= 0.5 or (ticket.complaint or 0) >= 0.5
    steps = [_("确认"), _("说明"), _("方案"), _("确认满意")]
    steps = [_("安抚"), *steps] if upset else steps
    return {"mood": "upset" if upset else "calm", "severity": ticket.severity, "steps": steps}
