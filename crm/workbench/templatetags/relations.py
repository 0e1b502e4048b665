"""The tickets that hang together with the one that is shown."""

from typing import Any

from django import template

from tickets.choices import MessageKind
from tickets.models import Ticket
from tickets.services.relations import relations_of

register = template.Library()


@register.inclusion_tag("workbench/parts/side_relations.html", takes_context=True)
def ticket_relations(context: template.Context, ticket: Ticket) -> dict[str, Any]:
    """A block for the right pane."""
    user = context["request"].user
    found = relations_of(ticket, user)
    asked = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("-created_at", "-pk")[:2]
    said = list(asked)
    return {
        "ticket": ticket,
        "relations": found,
        "open_children": sum(item.is_child and item.other.is_open for item in found),
        "may_relate": user.has_perm("tickets.transition_ticket") and not ticket.merged_into_id,
        # The first message is the ticket itself: there is something to split off only after it.
        "split_message": said[0] if len(said) > 1 else None,
        "csrf_token": context.get("csrf_token"),
    }
