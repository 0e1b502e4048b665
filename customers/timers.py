"""What happens by itself on this floor."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from customers.services import apply_all_rule_tags, begin_values, continue_values, expire_tag
from customers.services.tagging import EXPIRY_TIMER
from customers.services.values import CHUNK_TIMER
from customers.shipments import exceptions, stalls
from customers.shipments.carriers import REARM_TIMER
from customers.shipments.recording import STALL_TIMER


@timer_handler(EXPIRY_TIMER)
def close_expired_tag(timer: Timer) -> None:
    """Write down that a label's time is up. Filters left it out from that very moment."""
    if timer.subject_id is not None:
        expire_tag(customer_tag_id=timer.subject_id)


@periodic("customers.rule_tags", every=timedelta(hours=1))
def run_rules(slot: datetime) -> None:
    """Give and take the labels of rules."""
    apply_all_rule_tags()


@periodic("customers.values", every=timedelta(days=1), offset=timedelta(hours=3))
def begin_nightly_values(slot: datetime) -> None:
    """Look at all orders while the shop sleeps."""
    begin_values()


@timer_handler(CHUNK_TIMER)
def score_chunk(timer: Timer) -> None:
    """Score the next customers of a night's run."""
    if timer.subject_id is not None:
        continue_values(base_id=timer.subject_id, after=timer.payload["after"])


@timer_handler(STALL_TIMER)
def look_at_parcel(timer: Timer) -> None:
    """A parcel has not moved for as long as we have patience."""
    if timer.subject_id is not None:
        exceptions.parcel_stalled(shipment_id=timer.subject_id)


@timer_handler(REARM_TIMER)
def measure_parcels_anew(timer: Timer) -> None:
    """A rule of patience was changed: the next parcels under way get their new moment."""
    stalls.rearm(key=timer.key, payload=timer.payload)
