"""Tables of the ticket floor, one module per subject."""

from tickets.models.channel import Channel, Queue, RoutingRule
from tickets.models.message import Attachment, ContactAttempt, InboundMessage, TicketMessage
from tickets.models.sla import SLAClock, SLAPolicy, SLATarget, TicketPause
from tickets.models.ticket import Ticket, TicketMerge, TicketTag, TicketWatcher
from tickets.triage.models import TriageModel

__all__ = [
    "Attachment",
    "Channel",
    "ContactAttempt",
    "InboundMessage",
    "Queue",
    "RoutingRule",
    "SLAClock",
    "SLAPolicy",
    "SLATarget",
    "Ticket",
    "TicketMerge",
    "TicketMessage",
    "TicketPause",
    "TicketTag",
    "TicketWatcher",
    "TriageModel",
]
