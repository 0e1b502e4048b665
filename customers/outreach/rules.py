"""Whether, and when, a customer may be told something unasked. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from customers.choices import ConsentPurpose
from customers.outreach_choices import OutreachChannel, OutreachPurpose, OutreachReason

#: The yes that marketing needs, by channel; a channel that is missing is never used for it.
MARKETING_CONSENTS: Mapping[str, str] = {
    OutreachChannel.EMAIL: ConsentPurpose.MARKETING_EMAIL,
    OutreachChannel.SMS: ConsentPurpose.MARKETING_SMS,
    OutreachChannel.PHONE: ConsentPurpose.MARKETING_CALL,
}


@dataclass(frozen=True)
class PurposeRule:
    """What a purpose heeds. `falls_to_hand`: a person takes over what no system could deliver."""

    heeds_opt_out: bool = True
    heeds_quiet_hours: bool = True
    heeds_frequency: bool = True
    needs_consent: bool = False
    falls_to_hand: bool = True


# The law wants consumers told of a dangerous product, and people of a leak of their data, at once and
# whether or not they like to hear from us.
MUST_TELL = PurposeRule(heeds_opt_out=False, heeds_quiet_hours=False, heeds_frequency=False)
RULES: Mapping[str, PurposeRule] = {
    OutreachPurpose.SERVICE: PurposeRule(),
    OutreachPurpose.SHIPMENT: PurposeRule(),
    OutreachPurpose.DISRUPTION: PurposeRule(heeds_frequency=False),
    OutreachPurpose.RECALL: MUST_TELL,
    OutreachPurpose.BREACH: MUST_TELL,
    # It follows at once on a conversation that the customer was in.
    OutreachPurpose.SURVEY: PurposeRule(heeds_quiet_hours=False, heeds_frequency=False, falls_to_hand=False),
    OutreachPurpose.MARKETING: PurposeRule(needs_consent=True, falls_to_hand=False),
}


@dataclass(frozen=True)
class Standing:
    """What is known of one customer. `recent`: how many messages count against the limit, by channel."""

    is_opted_out: bool = False
    has_open_complaint: bool = False
    consents: frozenset[str] = frozenset()
    recent: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    quiet_from: time
    quiet_to: time
    notices_a_day: int


def refusal(*, purpose: str, channel: str, standing: Standing, limits: Limits) -> str:
    """Why nothing may be sent; "" when it may."""
    rule = RULES[purpose]
    if rule.heeds_opt_out and standing.is_opted_out:
        return OutreachReason.OPTED_OUT
    if rule.needs_consent and MARKETING_CONSENTS.get(channel, "-") not in standing.consents:
        return OutreachReason.NO_CONSENT
    if rule.needs_consent and standing.has_open_complaint:
        return OutreachReason.OPEN_COMPLAINT
    most = 1 if rule.needs_consent else limits.notices_a_day
    counted = standing.recent.get(channel, 0) if rule.needs_consent else sum(standing.recent.values())
    if rule.heeds_frequency and counted >= most:
        return OutreachReason.TOO_OFTEN
    return ""


def quiet_until(local: datetime, *, quiet_from: time, quiet_to: time) -> datetime | None:
    """The end of the quiet hours that `local` lies in; None outside them. They may span midnight; equal ends: none."""
    at = local.time()
    if quiet_from == quiet_to:
        return None
    is_quiet = quiet_from <= at < quiet_to if quiet_from < quiet_to else at >= quiet_from or at < quiet_to
    if not is_quiet:
        return None
    end = local.replace(hour=quiet_to.hour, minute=quiet_to.minute, second=quiet_to.second, microsecond=0)
    return end if end > local else end + timedelta(days=1)
