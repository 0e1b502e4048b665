"""What can be done with customers: verbs with keyword-only arguments, each one transaction."""

from customers.services.identification import resolve_customer
from customers.services.merges import merge_customers, preview_merge, unmerge_customers
from customers.services.orders import upsert_order
from customers.services.profiles import (
    add_identity,
    create_customer,
    reveal_customer,
    update_customer,
    verify_email,
    verify_phone,
)
from customers.services.tagging import add_tag, expire_tag, remove_tag

__all__ = [
    "add_identity",
    "add_tag",
    "create_customer",
    "expire_tag",
    "merge_customers",
    "preview_merge",
    "remove_tag",
    "resolve_customer",
    "reveal_customer",
    "unmerge_customers",
    "update_customer",
    "upsert_order",
    "verify_email",
    "verify_phone",
]
