"""What ticket events mean here. Read twice: at once on commit, and by a cursor as the guarantee.

Every reaction is safe to repeat: invitations and visits have unique keys, and a re-opening only
withdraws what was made for moments before it.
"""

from collections.abc import Iterable

from core.events import Event, event_consumer
from crm.followups import services

KINDS = ("ticket.solved", "ticket.reopened", "ticket.closed")


@event_consumer("followups", KINDS)
def react(events: Iterable[Event]) -> None:
    for event in events:
        react_to(event)


def react_to(event: Event) -> None:
    ticket_id = event.subject_id
    if ticket_id is None:
        return
    match event.kind:
        case "ticket.solved":
            number = event.payload.get("solve_count") or 1
            services.invite_for_solved_ticket(ticket_id=ticket_id, solve_number=number, solved_at=event.at)
        case "ticket.reopened":
            services.cancel_surveys(ticket_id=ticket_id, solved_before=event.at)
            services.cancel_visits_of_ticket(ticket_id=ticket_id, planned_before=event.at)
        case "ticket.closed":
            services.plan_after_close(ticket_id=ticket_id, closed_at=event.at)
