"""What reports hear from everywhere else."""

from core.events import Event, event_consumer
from crm.insights import services, triage
from crm.insights.counting import KINDS
from crm.insights.statistics import budgets
from tickets.events import COMPENSATION_GRANTED, COMPENSATION_PAID
from tickets.services.plan_payouts import BOOKED


@event_consumer(services.CONSUMER, kinds=(*KINDS, *(kind for kind in triage.KINDS if kind not in KINDS)))
def count_days(events: list[Event]) -> None:
    services.count(events)


@event_consumer("insights.budgets", kinds=(COMPENSATION_GRANTED, "compensation.approved", COMPENSATION_PAID, BOOKED))
def watch_budgets(events: list[Event]) -> None:
    booked = (one for event in events if event.kind == BOOKED for one in event.payload["compensations"])
    budgets.watch([*(event.payload["compensation"] for event in events if event.kind != BOOKED), *booked])
