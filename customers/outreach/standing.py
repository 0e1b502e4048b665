"""What is known of customers before they are told something: two or three statements for any number of them."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

from django.db.models import Count

from core import clock
from customers import concerns
from customers.choices import ConsentDecision
from customers.models import ConsentRecord, Customer, Outreach, OutreachSettings
from customers.outreach import rules
from customers.outreach_choices import COUNTED, OutreachPurpose

Asked = tuple[Customer, str]


def standings_of(asked: Collection[Asked], current: OutreachSettings) -> dict[tuple[int, str], rules.Standing]:
    """The standing of each customer for each purpose, by (customer id, purpose)."""
    marketing = {person.pk for person, purpose in asked if rules.RULES[purpose].needs_consent}
    consents = _consents(marketing)
    complaining = concerns.aggrieved(concerns.OPEN_COMPLAINT, marketing)
    recent = {purpose: _recent(asked, purpose, current) for purpose in {purpose for _person, purpose in asked}}
    return {
        (person.pk, purpose): rules.Standing(
            is_opted_out=person.do_not_contact_at is not None,
            has_open_complaint=person.pk in complaining,
            consents=frozenset(consents.get(person.pk, ())),
            recent=recent[purpose][person.pk],
        )
        for person, purpose in asked
    }


def _consents(customer_ids: Collection[int]) -> dict[int, set[str]]:
    """The purposes to which each customer's newest word is yes."""
    found: dict[int, set[str]] = defaultdict(set)
    if not customer_ids:
        return found
    newest = (
        ConsentRecord.objects.filter(customer__in=customer_ids)
        .order_by("customer_id", "purpose", "-at", "-id")
        .distinct("customer_id", "purpose")
    )
    for record in newest:
        if record.decision == ConsentDecision.GRANTED:
            found[record.customer_id].add(record.purpose)
    return found


def _recent(asked: Collection[Asked], purpose: str, current: OutreachSettings) -> dict[int, dict[str, int]]:
    """How many messages count against the limit, by customer and channel."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rule = rules.RULES[purpose]
    if not rule.heeds_frequency:
        return found
    days = current.marketing_days if rule.needs_consent else 1
    rows = Outreach.objects.filter(
        customer__in=[person.pk for person, of in asked if of == purpose],
        created_at__gt=clock.now() - timedelta(days=days),
        status__in=COUNTED,
    )
    same_kind = [one for one in OutreachPurpose.values if _counts_with(one, rule)]
    counted = rows.filter(purpose__in=same_kind).order_by().values_list("customer_id", "channel")
    for customer_id, channel, count in counted.annotate(n=Count("pk")):
        found[customer_id][channel] = count
    return found


def _counts_with(purpose: str, rule: rules.PurposeRule) -> bool:
    other = rules.RULES[purpose]
    return other.heeds_frequency and other.needs_consent == rule.needs_consent
