"""Parcels, messages, recalls and disruptions of the world that all tests of the product walk over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core import clock
from customers.models import Customer, Order, Outreach, ShipmentException, StallRule
from customers.shipments import carriers
from customers.shipments.recording import NodeValues, record_shipment

if TYPE_CHECKING:
    from tests.world import World


def build_logistics(world: World) -> None:
    """One of everything, all of the team's customer."""
    customer = Customer.objects.get(pk=world.ids["customer"])
    order = Order.objects.get(pk=world.ids["order"])
    carriers.ensure_carriers()
    carrier = carriers.carrier_named("sf")
    lost = NodeValues(kind="lost", at=clock.now() - timedelta(minutes=5), place="杭州")
    shipment, _new = record_shipment(
        actor=None, order=order, carrier=carrier, tracking_no="SF1234567890123", nodes=[lost]
    )
    call = Outreach.objects.create(
        key="world",
        customer=customer,
        purpose="service",
        channel="phone",
        title="请回电",
        body="请联系客户",
        status="by_hand",
    )
    world.ids |= {
        "carrier": carrier.pk,
        "stall_rule": StallRule.objects.create(carrier=carrier, stage="picked_up", hours=12).pk,
        "shipment": shipment.pk,
        "shipment_exception": ShipmentException.objects.get(shipment=shipment).pk,
        "outreach": call.pk,
    }
