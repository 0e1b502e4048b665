"""Parcels, messages, recalls and disruptions of the world that all tests of the product walk over."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import clock
from customers.disruptions import running as disruptions
from customers.models import Customer, Order, OrderItem, Outreach, ShipmentException, StallRule
from customers.recalls import running as recalls
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
    _mass(world, order)


def _mass(world: World, order: Order) -> None:
    """A recall and a disruption under way, and a draft of each."""
    head = world.people["supervisor"]
    # What was bought in the world has no batch; a recall needs one, and an order that was paid for.
    Order.objects.filter(pk=order.pk).update(status="signed")
    OrderItem.objects.create(order=order, sku="CUP-9", name="玻璃杯", price=Decimal(9), batch="C1")
    plan: dict[str, Any] = {
        "title": "玻璃杯",
        "sku": "CUP-9",
        "batches": ["C1"],
        "reason": "易碎伤手",
        "our_role": "seller",
        "remedy": "refund",
        "instructions": "停止使用",
        "channels": ["email"],
    }
    draft = recalls.create_recall(actor=head, values=plan)
    recall = recalls.start_recall(recall=recalls.create_recall(actor=head, values=plan), actor=head)
    trouble: dict[str, Any] = {
        "title": "停电",
        "reason": "仓库停电",
        "statuses": ["signed"],
        "ordered_from": order.ordered_at - timedelta(days=1),
        "ordered_to": order.ordered_at + timedelta(days=1),
        "plan": "fixed",
        "amount": Decimal(5),
        "alternatives": ["取消订单"],
    }
    planned = disruptions.create_disruption(actor=head, values=trouble)
    running = disruptions.create_disruption(actor=head, values=trouble)
    disruptions.start_disruption(disruption=running, actor=head)
    world.ids |= {
        "draft_recall": draft.pk,
        "recall": recall.pk,
        "recall_duty": recall.duties.get(rule="S-01").pk,
        "recall_order": recall.orders.get().pk,
        "draft_disruption": planned.pk,
        "disruption": running.pk,
    }
