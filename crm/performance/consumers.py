"""What quality checks hear of tickets."""

from core.events import Event, event_consumer
from crm.performance.drawing import draw
from tickets.events import CLOSED


@event_consumer("performance.quality", kinds=[CLOSED])
def draw_samples(events: list[Event]) -> None:
    """Some of the closed conversations are checked."""
    draw(events)
