from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.functional import Promise

if TYPE_CHECKING:
    from core.approvals.models import ApprovalRequest

Decided = Callable[["ApprovalRequest", Any], None]


@dataclass(frozen=True)
class LimitKind:
    """Something of which a role may grant so much a day. `defaults` by role, in force until an admin
    saves a row; a role that is missing may grant nothing alone, None means without limit."""

    key: str
    label: str | Promise
    defaults: Mapping[str, Decimal | None]


@dataclass(frozen=True)
class ApprovalKind:
    """What is approved.

    codename: the right to decide. sight: requests (by `subject_id`) whose subjects a person may see.
    decided: called in the transaction of the decision, with the request and the decider (None: it expired).
    link: the page of the subject. expires_after: what is not decided by then is refused.
    """

    key: str
    label: str | Promise
    codename: str
    sight: Callable[[Any], Q]
    decided: Decided
    link: Callable[["ApprovalRequest"], str]
    expires_after: timedelta = field(default=timedelta(hours=24))


limits: dict[str, LimitKind] = {}
kinds: dict[str, ApprovalKind] = {}


def register(kind: ApprovalKind) -> None:
    """Make a kind of approval known, once at start-up."""
    kinds[kind.key] = kind


def register_limit(kind: LimitKind) -> None:
    """Make a kind of limit known, once at start-up."""
    limits[kind.key] = kind
