"""The ledger of consents: the one place where statements are written, and where the wish for no contact comes from.

`Customer.do_not_contact_at` repeats the newest statement about contact, so that lists and rules can
ask for it. It is written here and with the row it repeats, nowhere else.
"""

from datetime import datetime
from typing import Any

from core.clock import now
from customers import events
from customers.choices import ConsentChannel, ConsentDecision, ConsentPurpose
from customers.models import ConsentRecord, Customer


def append(*, customer: Customer, actor: Any, purpose: str, decision: str, **told: Any) -> ConsentRecord:
    """Write one statement and its event; `told`: channel, at, is_asked, wording, wording_version, evidence."""
    record = ConsentRecord.objects.create(
        customer=customer,
        actor=actor,
        purpose=purpose,
        decision=decision,
        **{"at": now(), "channel": ConsentChannel.OTHER, **told},
    )
    events.record_customer_event(
        events.CONSENT_RECORDED,
        customer.pk,
        actor,
        consent=record.pk,
        purpose=str(purpose),
        decision=str(decision),
        channel=str(record.channel),
    )
    return record


def append_contact_wish(customer: Customer, actor: Any) -> None:
    """Write the statement behind a wish that was just set or lifted on the customer's record."""
    refuses = customer.do_not_contact_at is not None
    append(
        customer=customer,
        actor=actor,
        purpose=ConsentPurpose.CONTACT,
        decision=ConsentDecision.WITHDRAWN if refuses else ConsentDecision.GRANTED,
        channel=ConsentChannel.PROFILE,
        evidence=customer.do_not_contact_reason,
        at=customer.do_not_contact_at or now(),
    )


def newest(customer: Customer, purpose: str) -> ConsentRecord | None:
    """The statement that holds."""
    return ConsentRecord.objects.filter(customer=customer, purpose=purpose).newest_first().first()


def contact_wish(customer: Customer) -> tuple[datetime | None, str] | None:
    """Since when the customer wants no contact, and why; None when the ledger holds nothing about it."""
    rows = ConsentRecord.objects.filter(customer=customer, purpose=ConsentPurpose.CONTACT)
    last = rows.newest_first().first()
    if last is None:
        return None
    if last.decision == ConsentDecision.GRANTED:
        return None, ""
    granted = rows.filter(decision=ConsentDecision.GRANTED).newest_first().first()
    refusals = rows.exclude(decision=ConsentDecision.GRANTED)
    if granted is not None:
        refusals = refusals.filter(at__gte=granted.at)
    first = refusals.order_by("at", "id").first() or last
    return first.at, last.evidence[:200]


def settle_contact_wish(customer: Customer) -> None:
    """Let the customer's record say what the ledger says; a record without statements stays as it is."""
    wish = contact_wish(customer)
    if wish is None or wish[0] == customer.do_not_contact_at:
        return
    customer.do_not_contact_at, customer.do_not_contact_reason = wish
    customer.revision += 1
    customer.save(update_fields=["do_not_contact_at", "do_not_contact_reason", "revision", "updated_at"])
