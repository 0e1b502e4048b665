"""The same reactions on commit, so that a link is there the moment a ticket is solved."""

from typing import Any

from django.dispatch import receiver

from core.events import Event, ticket_event_recorded
from crm.followups.consumers import KINDS, react_to
from crm.followups.services import open_survey_of
from tickets.models import Ticket
from tickets.services import progress


@receiver(ticket_event_recorded, dispatch_uid="followups.react_at_once")
def react_at_once(sender: Any, *, events: list[Event], **kwargs: Any) -> None:
    # What fails here is logged by send_robust and done again by the cursor.
    for event in events:
        if event.kind in KINDS:
            react_to(event)


def survey_link(ticket: Ticket) -> str | None:
    """For the page on which a customer follows the ticket."""
    survey = open_survey_of(ticket)
    return survey.url if survey else None


progress.register_survey_link(survey_link)
