"""Asking customers for consent, and noting what they say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import Conflict
from core.language import mask_numbers
from core.text import has_forbidden_characters
from core.wording import listed
from customers.choices import ConsentChannel, ConsentDecision, ConsentPurpose
from customers.models import ConsentRecord, Customer, CustomerSettings
from customers.services import ledger
from customers.services.profiles import lock_standing
from customers.services.validation import clean_line, field_error

HISTORY_ROWS = 100
MAX_WORDING = 2000
MAX_VERSION = 50
MAX_EVIDENCE = 300


@dataclass(frozen=True)
class PurposeState:
    """What holds for one purpose. `record` is the newest statement; None while the customer has said nothing."""

    purpose: ConsentPurpose
    record: ConsentRecord | None
    #: Until then nobody may ask; None when asking is free.
    rests_until: datetime | None

    @property
    def decision(self) -> str:
        return self.record.decision if self.record else ""

    @property
    def is_allowed(self) -> bool:
        """Contact about service is allowed until refused; everything else needs a yes."""
        if self.record is None:
            return self.purpose == ConsentPurpose.CONTACT
        return self.decision == ConsentDecision.GRANTED


@dataclass(frozen=True)
class Consents:
    """The state of every purpose, and the statements behind it, newest first."""

    purposes: list[PurposeState]
    history: list[ConsentRecord]


def consents_of(customer: Customer) -> Consents:
    """What holds for each purpose, and the newest HISTORY_ROWS statements."""
    rows = ConsentRecord.objects.filter(customer=customer).select_related("actor")
    newest = {row.purpose: row for row in rows.order_by("purpose", "-at", "-id").distinct("purpose")}
    rest = timedelta(days=CustomerSettings.current().consent_rest_days)
    states = [_state(purpose, newest.get(purpose), rest) for purpose in ConsentPurpose]
    return Consents(states, list(rows.newest_first()[:HISTORY_ROWS]))


def _state(purpose: ConsentPurpose, record: ConsentRecord | None, rest: timedelta) -> PurposeState:
    refused = record is not None and record.decision != ConsentDecision.GRANTED
    until = record.at + rest if record is not None and refused else None
    return PurposeState(purpose, record, until if until is not None and until > now() else None)


def check_may_ask(*, customer: Customer, purpose: str) -> None:
    """Raises Conflict "consent_cool_down" while the customer is left in peace after a refusal."""
    rest = timedelta(days=CustomerSettings.current().consent_rest_days)
    state = _state(ConsentPurpose(purpose), ledger.newest(customer, purpose), rest)
    if state.rests_until is None or state.record is None:
        return
    sentence = _("客户 %(on)s 已%(decision)s“%(purpose)s”，%(days)s 天内不得再次询问；%(until)s 之后可以询问。") % {
        "on": f"{timezone.localtime(state.record.at):%Y-%m-%d}",
        "decision": state.record.get_decision_display(),
        "purpose": state.purpose.label,
        "days": rest.days,
        "until": f"{timezone.localtime(state.rests_until):%Y-%m-%d %H:%M}",
    }
    raise Conflict(sentence, code="consent_cool_down", fields={"purpose": [sentence]})


def record_consent(
    *,
    customer: Customer,
    actor: Any,
    purpose: str,
    decision: str,
    channel: str,
    is_asked: bool = False,
    wording: str = "",
    wording_version: str = "",
    evidence: str = "",
    at: datetime | None = None,
) -> ConsentRecord:
    """Note what a customer said about one purpose. `at` is when they said it (now).

    A yes needs the words they were shown. Raises Conflict "consent_cool_down" for a yes that we asked for
    too soon after a no; a no is always noted.
    """
    moment = at or now()
    told: dict[str, Any] = {
        "channel": _one_of(channel, ConsentChannel, "channel"),
        "is_asked": is_asked,
        "wording": _clean_wording(wording),
        "wording_version": clean_line(wording_version, field="wording_version", limit=MAX_VERSION),
        "evidence": mask_numbers(clean_line(evidence, field="evidence", limit=MAX_EVIDENCE))[:MAX_EVIDENCE],
        "at": moment,
    }
    purpose = _one_of(purpose, ConsentPurpose, "purpose")
    decision = _one_of(decision, ConsentDecision, "decision")
    if moment > now():
        raise field_error("at", _("表示时间不能晚于现在。"))
    if decision == ConsentDecision.GRANTED and not told["wording"]:
        raise field_error("wording", _("请填写客户同意时看到或听到的告知内容。"))
    with transaction.atomic():
        row = lock_standing(customer.pk)
        if decision == ConsentDecision.GRANTED and is_asked:
            check_may_ask(customer=row, purpose=purpose)
        record = ledger.append(customer=row, actor=actor, purpose=purpose, decision=decision, **told)
        if purpose == ConsentPurpose.CONTACT:
            ledger.settle_contact_wish(row)
    return record


def withdraw_consent(
    *, customer: Customer, actor: Any, purpose: str, channel: str = ConsentChannel.PROFILE, evidence: str = ""
) -> ConsentRecord:
    """Take a consent back, at once. Doing it twice is one withdrawal: the first is returned."""
    purpose = _one_of(purpose, ConsentPurpose, "purpose")
    with transaction.atomic():
        row = lock_standing(customer.pk)
        last = ledger.newest(row, purpose)
        if last is not None and last.decision == ConsentDecision.WITHDRAWN:
            return last
        return record_consent(
            customer=row,
            actor=actor,
            purpose=purpose,
            decision=ConsentDecision.WITHDRAWN,
            channel=channel,
            evidence=evidence,
        )


def _one_of(value: str, choices: Any, field: str) -> str:
    if value not in choices.values:
        raise field_error(field, _("须为：%(values)s。") % {"values": listed(choices.values)})
    return str(value)


def _clean_wording(wording: str) -> str:
    cleaned = wording.strip()
    if len(cleaned) > MAX_WORDING or has_forbidden_characters(cleaned, multiline=True):
        raise field_error(
            "wording", _("告知内容不能超过 %(limit)s 个字符，也不能含控制字符。") % {"limit": MAX_WORDING}
        )
    return cleaned
