"""Attempts to reach the customer."""

from typing import TYPE_CHECKING

from django.db import transaction

from core import clock
from core.events import record_events
from tickets import events
from tickets.models import ContactAttempt, Ticket
from tickets.readable import hide_numbers

if TYPE_CHECKING:
    from crm.staff.models import User


@transaction.atomic
def record_attempt(*, ticket: Ticket, actor: "User", outcome: str, note: str = "") -> ContactAttempt:
    """Record that the customer was called or written to, and whether they were reached."""
    attempt = ContactAttempt.objects.create(
        ticket=ticket, actor=actor, outcome=outcome, note=hide_numbers(note), attempted_at=clock.now()
    )
    record_events([events.ticket_event(events.UPDATED, ticket, actor, action="contact", outcome=outcome)])
    return attempt
