from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from crm.followups import services
from crm.followups.services.visits import VISIT_TIMER


@timer_handler(VISIT_TIMER)
def visit_due(timer: Timer) -> None:
    if timer.subject_id is not None:
        services.visit_became_due(visit_id=timer.subject_id)


@periodic("followups.plan", every=timedelta(hours=1))
def plan(slot: datetime) -> None:
    """Plan visits after delivery and the quarterly ones."""
    services.plan_after_signing()
    services.plan_quarterly()
