"""What happened: append-only rows, written in the transaction of the change they tell of.

Lower floors record; upper floors read with a stored cursor (`consume`) or hear of it on
commit (`ticket_event_recorded`). See docs/adr/0002 for the order in which rows are read.
"""

from core.events.consumers import consume, event_consumer, run_consumers
from core.events.models import Event, EventCursor
from core.events.reading import readable, readable_until
from core.events.recording import EventData, record_event, record_events, ticket_event_recorded

__all__ = [
    "Event",
    "EventCursor",
    "EventData",
    "consume",
    "event_consumer",
    "readable",
    "readable_until",
    "record_event",
    "record_events",
    "run_consumers",
    "ticket_event_recorded",
]
