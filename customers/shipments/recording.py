"""Parcels and their nodes as shops and carriers report them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.language import mask_numbers
from core.timers import TimerSpec, arm, cancel
from customers import events
from customers.choices import OrderStatus
from customers.models import Carrier, Order, Shipment, ShipmentNode
from customers.services.validation import clean_line, field_error
from customers.shipment_choices import NodeKind
from customers.shipments.carriers import Patience, clean_number
from customers.shipments.exceptions import parcel_moved, parcel_troubled

CREATED = "order.shipment_created"
MOVED = "order.shipment_moved"
STALL_TIMER = "shipment.stall"
SUBJECT = "shipment"
MOST_NODES = 200
#: Clocks of carriers run a little ahead.
FUTURE_TOLERANCE = timedelta(minutes=10)
#: What a carrier reports as going wrong is an exception at once.
TROUBLES = (NodeKind.DELIVERY_FAILED, NodeKind.RETURNING, NodeKind.LOST, NodeKind.DAMAGED)


@dataclass(frozen=True, kw_only=True)
class NodeValues:
    """What a carrier reported."""

    kind: str
    at: datetime
    place: str = ""
    text: str = ""


@transaction.atomic
def record_shipment(
    *, actor: Any, order: Order, carrier: Carrier, tracking_no: str, nodes: Sequence[NodeValues] = ()
) -> tuple[Shipment, bool]:
    """The parcel of that number for that order, made or found, with its new nodes; True when it was made.

    Raises InvalidInput for a number that cannot be the carrier's, and for nodes that cannot be.
    """
    number = clean_number(carrier, tracking_no)
    cleaned = _clean_nodes(nodes)
    moment = min((one.at for one in cleaned), default=order.shipped_at or now())
    shipment, created = Shipment.objects.get_or_create(
        order=order, carrier=carrier, tracking_no=number, defaults={"moved_at": moment, "created_at": now()}
    )
    if created:
        events.record_customer_event(
            CREATED, order.customer_id, actor, order=order.pk, shipment=shipment.pk, carrier=carrier.key
        )
    shipment = _take(shipment, cleaned, actor)
    if created and not cleaned:
        _watch(shipment)
    return shipment, created


@transaction.atomic
def add_nodes(*, shipment: Shipment, actor: Any, nodes: Sequence[NodeValues]) -> Shipment:
    """Note what a carrier reported, in any order and as often as it likes: known nodes change nothing."""
    return _take(shipment, _clean_nodes(nodes), actor)


def _take(shipment: Shipment, nodes: Sequence[NodeValues], actor: Any) -> Shipment:
    row: Shipment = (
        Shipment.objects.select_for_update(of=("self",)).select_related("order", "carrier").get(pk=shipment.pk)
    )
    if not nodes:
        return row
    before = ShipmentNode.objects.filter(shipment=row).count()
    ShipmentNode.objects.bulk_create(
        [ShipmentNode(shipment=row, kind=one.kind, at=one.at, place=one.place, text=one.text) for one in nodes],
        ignore_conflicts=True,
    )
    if ShipmentNode.objects.filter(shipment=row).count() == before:
        return row
    _settle(row, actor)
    return row


def _settle(row: Shipment, actor: Any) -> None:
    """Let the parcel say what its newest node says, and draw the consequences."""
    newest = row.nodes.order_by("-at", "-id").first()
    if newest is None:
        return
    has_moved = newest.at > row.moved_at or newest.kind != row.stage
    before = row.stage
    row.stage, row.place, row.moved_at = newest.kind, newest.place or row.place, newest.at
    row.delivered_at = newest.at if newest.kind == NodeKind.DELIVERED else None
    row.save(update_fields=["stage", "place", "moved_at", "delivered_at", "updated_at"])
    _watch(row)
    if not has_moved:
        return
    events.record_customer_event(
        MOVED,
        row.order.customer_id,
        actor,
        order=row.order_id,
        shipment=row.pk,
        stage={"from": before, "to": row.stage},
    )
    if row.stage in TROUBLES:
        parcel_troubled(shipment=row)
    else:
        parcel_moved(shipment=row)
    _carry_to_order(row)


def _carry_to_order(row: Shipment) -> None:
    """An order whose parcels have all arrived is signed for; what a shop's system said before is not undone."""
    order = row.order
    if row.stage != NodeKind.DELIVERED or order.status != OrderStatus.SHIPPED:
        return
    if order.shipments.exclude(stage=NodeKind.DELIVERED).exists():
        return
    order.status, order.signed_at = OrderStatus.SIGNED, order.signed_at or row.delivered_at
    order.save(update_fields=["status", "signed_at", "updated_at"])
    events.record_customer_event(
        events.ORDER_UPDATED,
        order.customer_id,
        None,
        order=order.pk,
        order_no=order.order_no,
        fields=["signed_at", "status"],
        status={"from": OrderStatus.SHIPPED, "to": OrderStatus.SIGNED},
    )


def _watch(row: Shipment) -> None:
    """One timer for each parcel, at the moment from which it stands still too long."""
    span = Patience().span(row.carrier_id, row.stage)
    if span is None:
        cancel(subject_type=SUBJECT, subject_id=row.pk, kinds=[STALL_TIMER])
    else:
        arm(stall_timer(row, span))


def stall_timer(row: Shipment, span: timedelta) -> TimerSpec:
    return TimerSpec(
        key=f"shipment:{row.pk}:stall",
        kind=STALL_TIMER,
        due_at=row.moved_at + span,
        subject_type=SUBJECT,
        subject_id=row.pk,
    )


def _clean_nodes(nodes: Iterable[NodeValues]) -> list[NodeValues]:
    given = list(nodes)
    if len(given) > MOST_NODES:
        raise field_error("nodes", _("一次最多 %(n)d 个节点。") % {"n": MOST_NODES})
    return [_clean_node(one) for one in given]


def _clean_node(one: NodeValues) -> NodeValues:
    if one.kind not in NodeKind.values:
        raise field_error("nodes", _("没有这种节点：%(kind)s。") % {"kind": one.kind})
    if one.at > now() + FUTURE_TOLERANCE:
        raise field_error("nodes", _("节点时间不能晚于现在。"))
    return NodeValues(
        kind=one.kind,
        at=one.at,
        place=clean_line(one.place, field="nodes", limit=100),
        text=mask_numbers(clean_line(one.text, field="nodes", limit=200))[:200],
    )
