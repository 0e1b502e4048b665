"""What can be done with customers: verbs with keyword-only arguments, each one transaction."""

from customers.services.care import add_care_note, end_care_note
from customers.services.catalogue import save_shop, save_tag, save_tag_group
from customers.services.consents import check_may_ask, record_consent, withdraw_consent
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
from customers.services.rule_tags import apply_all_rule_tags, apply_rule_tag, preview_rule
from customers.services.tagging import add_tag, expire_tag, remove_tag
from customers.services.values import (
    begin_values,
    compute_values,
    continue_values,
    refresh_values,
)

__all__ = [
    "add_care_note",
    "add_identity",
    "add_tag",
    "apply_all_rule_tags",
    "apply_rule_tag",
    "begin_values",
    "check_may_ask",
    "compute_values",
    "continue_values",
    "create_customer",
    "end_care_note",
    "expire_tag",
    "merge_customers",
    "preview_merge",
    "preview_rule",
    "record_consent",
    "refresh_values",
    "remove_tag",
    "resolve_customer",
    "reveal_customer",
    "save_shop",
    "save_tag",
    "save_tag_group",
    "unmerge_customers",
    "update_customer",
    "upsert_order",
    "verify_email",
    "verify_phone",
    "withdraw_consent",
]
