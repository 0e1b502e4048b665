"""What happens by itself on this floor."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from customers.services import apply_all_rule_tags, expire_tag
from customers.services.tagging import EXPIRY_TIMER


@timer_handler(EXPIRY_TIMER)
def close_expired_tag(timer: Timer) -> None:
    """Write down that a label's time is up. Filters left it out from that very moment."""
    if timer.subject_id is not None:
        expire_tag(customer_tag_id=timer.subject_id)


@periodic("customers.rule_tags", every=timedelta(hours=1))
def run_rules(slot: datetime) -> None:
    """Give and take the labels of rules."""
    apply_all_rule_tags()
