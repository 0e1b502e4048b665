"""Rows of the customer floor."""

from customers.models.care import CareNote
from customers.models.consent import ConsentRecord
from customers.models.customer import Customer, CustomerIdentity
from customers.models.disruption import Disruption, DisruptionOrder, DisruptionUpdate
from customers.models.merge import CustomerMerge
from customers.models.order import Order, OrderItem
from customers.models.outreach import Outreach, OutreachSettings
from customers.models.recall import Recall, RecallDuty, RecallOrder
from customers.models.shipment import Carrier, Shipment, ShipmentException, ShipmentNode, StallRule
from customers.models.shop import Shop
from customers.models.tag import CustomerTag, Tag, TagGroup
from customers.models.value import CustomerSettings, CustomerValue, ValueBase

__all__ = [
    "CareNote",
    "Carrier",
    "ConsentRecord",
    "Customer",
    "CustomerIdentity",
    "CustomerMerge",
    "CustomerSettings",
    "CustomerTag",
    "CustomerValue",
    "Disruption",
    "DisruptionOrder",
    "DisruptionUpdate",
    "Order",
    "OrderItem",
    "Outreach",
    "OutreachSettings",
    "Recall",
    "RecallDuty",
    "RecallOrder",
    "Shipment",
    "ShipmentException",
    "ShipmentNode",
    "Shop",
    "StallRule",
    "Tag",
    "TagGroup",
    "ValueBase",
]
