"""What reports hear from everywhere else."""

from core.events import Event, event_consumer
from crm.insights import services
from crm.insights.counting import KINDS


@event_consumer(services.CONSUMER, kinds=KINDS)
def count_days(events: list[Event]) -> None:
    services.count(events)
