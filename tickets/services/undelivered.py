"""Replies that a platform will never deliver: a mark on the message and a note for who wrote it."""

from django.db import transaction

from core import clock
from core.events import record_events
from tickets import events
from tickets.choices import MessageKind, NoticeKind
from tickets.models import Ticket, TicketMessage
from tickets.services import notices
from tickets.services.transitions import lock

REASON_LENGTH = 300


@transaction.atomic
def note_undelivered(*, message: TicketMessage, sentence: str, reason: str = "") -> bool:
    """Mark the message, leave the note and tell its writer and the ticket's owner, once for each message.

    No state changes and no clock moves. `reason`: what the other side said, personal data masked.
    """
    ticket = lock_living(message.ticket)
    marks = {"undelivered_at": clock.now(), "undelivered_reason": reason[:REASON_LENGTH]}
    if not TicketMessage.objects.filter(pk=message.pk, undelivered_at=None).update(**marks):
        return False
    leave_note(ticket=ticket, sentence=sentence, undelivered=message.pk)
    told = [user_id for user_id in (message.author_id, ticket.assignee_id) if user_id is not None]
    notices.notify(users=told, kind=NoticeKind.UNDELIVERED, ticket=ticket)
    return True


def lock_living(ticket: Ticket) -> Ticket:
    """The ticket, or the one it was merged into, locked."""
    ticket = lock(ticket)
    while ticket.merged_into_id:
        ticket = lock(Ticket(pk=ticket.merged_into_id))
    return ticket


def leave_note(*, ticket: Ticket, sentence: str, undelivered: int | None) -> None:
    """A note of the system on a locked ticket. `undelivered`: the message it is about."""
    moment = clock.now()
    note = TicketMessage.objects.create(ticket=ticket, kind=MessageKind.NOTE, body=sentence, created_at=moment)
    ticket.updated_at = moment
    ticket.save(update_fields=["updated_at"])
    record_events(
        [events.ticket_event(events.MESSAGE, ticket, None, message=note.pk, kind=note.kind, undelivered=undelivered)]
    )
