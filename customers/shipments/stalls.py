"""Measuring parcels under way by a rule that was changed, some at a time."""

from typing import Any

from core.clock import now
from core.timers import TimerSpec, arm, arm_many
from customers.models import Shipment
from customers.shipments.carriers import REARM_TIMER, Patience
from customers.shipments.recording import stall_timer

CHUNK = 500


def rearm(*, key: str, payload: dict[str, Any]) -> int:
    """Arm the timers of the next parcels after `payload["after"]` anew; returns how many. Then the chunk after it."""
    rows = Shipment.objects.moving().filter(stage=payload["stage"], pk__gt=payload["after"])
    if payload["carrier"] is not None:
        rows = rows.filter(carrier=payload["carrier"])
    parcels = list(rows.order_by("pk")[:CHUNK])
    patience = Patience()
    spans = [(parcel, patience.span(parcel.carrier_id, parcel.stage)) for parcel in parcels]
    arm_many([stall_timer(parcel, span) for parcel, span in spans if span is not None])
    if len(parcels) == CHUNK:
        last = parcels[-1].pk
        arm(TimerSpec(key=f"{key}:{last}", kind=REARM_TIMER, due_at=now(), payload={**payload, "after": last}))
    return len(parcels)
