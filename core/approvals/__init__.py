"""Approvals: how much a role may grant alone in a day, and who decides about the rest.

    authority.take(kind="compensation", person=user, amount=Decimal("30"))   # False: above the limit
    request_approval(kind="compensation", subject_type=…, subject_id=…, requester=user, amount=…, reason=…)

A floor above registers its kind once at start-up: who may decide, who may see, and what happens when the
decision is there (`registry.register`). Sums are one row a person, kind and day, raised by a conditional
UPDATE, so grants at the same moment cannot pass the limit together. A request is decided once, never by
whoever asked; a person who is away names a substitute; what nobody decides in time expires.
"""

from core.approvals.registry import ApprovalKind, LimitKind, register, register_limit

__all__ = ["ApprovalKind", "LimitKind", "register", "register_limit"]
