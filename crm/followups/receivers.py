"""The same reactions on commit, so that a link is there the moment a ticket is solved."""

from typing import Any

from django.dispatch import receiver

from core.events import Event, ticket_event_recorded
from crm.followups.consumers import KINDS, react_to


@receiver(ticket_event_recorded, dispatch_uid="followups.react_at_once")
def react_at_once(sender: Any, *, events: list[Event], **kwargs: Any) -> None:
    # What fails here is logged by send_robust and done again by the cursor.
    for event in events:
        if event.kind in KINDS:
            react_to(event)
