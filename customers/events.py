"""The shapes of customer events. Personal data is written here only in its masked form."""

from typing import Any

from core.events import EventData, record_event, record_events

CREATED = "customer.created"
UPDATED = "customer.updated"
IDENTITY_ADDED = "customer.identity_added"
IDENTITY_CONFLICT = "customer.identity_conflict"
PHONE_VERIFIED = "customer.phone_verified"
EMAIL_VERIFIED = "customer.email_verified"
TAG_ADDED = "customer.tag_added"
TAG_CHANGED = "customer.tag_changed"
TAG_REPLACED = "customer.tag_replaced"
TAG_REMOVED = "customer.tag_removed"
TAG_EXPIRED = "customer.tag_expired"
MERGED = "customer.merged"
UNMERGED = "customer.unmerged"
CONSENT_RECORDED = "customer.consent_recorded"
CARE_NOTED = "customer.care_noted"
CARE_ENDED = "customer.care_ended"
ORDER_CREATED = "order.created"
ORDER_UPDATED = "order.updated"
TAG_SAVED = "tag.saved"
TAG_GROUP_SAVED = "tag_group.saved"
TAG_APPLIED = "tag.applied"
SHOP_SAVED = "shop.saved"


def customer_event(kind: str, customer_id: int, actor: Any, /, **payload: Any) -> EventData:
    """An event about one customer, not yet written."""
    return EventData(kind=kind, subject_type="customer", subject_id=customer_id, actor=actor, payload=payload)


def subject_event(kind: str, subject_type: str, subject_id: int, actor: Any, /, **payload: Any) -> EventData:
    """An event about a shop, a label or a group, not yet written."""
    return EventData(kind=kind, subject_type=subject_type, subject_id=subject_id, actor=actor, payload=payload)


def record_customer_event(kind: str, customer_id: int, actor: Any, /, **payload: Any) -> None:
    """Write one event about one customer in the running transaction."""
    record_event(kind=kind, subject_type="customer", subject_id=customer_id, actor=actor, payload=payload)


__all__ = ["EventData", "customer_event", "record_customer_event", "record_events", "subject_event"]
