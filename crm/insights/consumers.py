"""What reports hear from everywhere else."""

from core.events import Event, event_consumer
from crm.insights import services, triage
from crm.insights.counting import KINDS


@event_consumer(services.CONSUMER, kinds=(*KINDS, *(kind for kind in triage.KINDS if kind not in KINDS)))
def count_days(events: list[Event]) -> None:
    services.count(events)
