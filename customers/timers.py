"""What happens by itself on this floor."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from customers.disruptions import running as disruptions
from customers.disruptions.running import TELL_TIMER
from customers.recalls import running as recalls
from customers.recalls.running import DUTY_TIMER, NOTIFY_TIMER
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


@timer_handler(NOTIFY_TIMER)
def notify_of_recall(timer: Timer) -> None:
    """Tell the next customers of a recall."""
    recalls.notify_next(key=timer.key, recall_id=timer.payload["recall"])


@timer_handler(DUTY_TIMER)
def duty_of_recall(timer: Timer) -> None:
    """The last moment of a duty of law."""
    if timer.subject_id is not None:
        recalls.duty_became_due(duty_id=timer.subject_id)


@timer_handler(TELL_TIMER)
def tell_of_disruption(timer: Timer) -> None:
    """Tell the next customers what is new."""
    if timer.subject_id is not None:
        disruptions.tell_some(update_id=timer.subject_id)
