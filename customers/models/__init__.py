"""Rows of the customer floor."""

from customers.models.customer import Customer, CustomerIdentity
from customers.models.merge import CustomerMerge
from customers.models.order import Order, OrderItem
from customers.models.shop import Shop
from customers.models.tag import CustomerTag, Tag, TagGroup

__all__ = [
    "Customer",
    "CustomerIdentity",
    "CustomerMerge",
    "CustomerTag",
    "Order",
    "OrderItem",
    "Shop",
    "Tag",
    "TagGroup",
]
