"""Carriers and the patience we have with them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.conditions.patterns import BadPattern, user_pattern
from core.errors import Conflict
from core.timers import TimerSpec, arm
from core.wording import listed
from customers import events
from customers.models import Carrier, StallRule
from customers.services.validation import clean_line, field_error
from customers.shipment_choices import FINAL_STAGES, NodeKind
from customers.shipments import tracking

CARRIER_SAVED = "carrier.saved"
RULE_SAVED = "stall_rule.saved"
REARM_TIMER = "shipment.rearm"
#: Hours without movement, by stage, while nobody has set others.
USUAL_HOURS: Mapping[str, int] = {
    NodeKind.CREATED: 24,
    NodeKind.PICKED_UP: 24,
    NodeKind.IN_TRANSIT: 48,
    NodeKind.OUT_FOR_DELIVERY: 24,
    NodeKind.DELIVERY_FAILED: 24,
    NodeKind.RETURNING: 72,
}


def ensure_carriers() -> None:
    """Let the carriers everybody knows be there; rows that people changed stay as they are."""
    if Carrier.objects.count() < len(tracking.PRESETS):
        Carrier.objects.bulk_create(
            [
                Carrier(key=one.key, name=one.name, pattern=one.pattern, example=one.example, phone=one.phone)
                for one in tracking.PRESETS
            ],
            ignore_conflicts=True,
        )


def carrier_named(name: str) -> Carrier:
    """The carrier in use by its key or its name. Raises InvalidInput naming the field carrier."""
    given = name.strip()
    found = _known(given)
    if found is None and given in {one for preset in tracking.PRESETS for one in (preset.key, preset.name)}:
        ensure_carriers()
        found = _known(given)
    if found is None:
        names = listed(Carrier.objects.filter(is_active=True).values_list("key", flat=True)[:30])
        known = names or listed(tracking.BY_KEY)
        raise field_error(
            "carrier", _("没有这个快递公司：%(name)s。可用：%(known)s。") % {"name": given, "known": known}
        )
    return found


def _known(name: str) -> Carrier | None:
    rows = Carrier.objects.filter(is_active=True)
    return rows.filter(key=name.lower()).first() or rows.filter(name=name).first()


def clean_number(carrier: Carrier, tracking_no: str) -> str:
    """The number as stored. Raises InvalidInput when it cannot be one of the carrier's."""
    number = tracking.normalise(tracking_no)
    if not number:
        raise field_error("tracking_no", _("请填写运单号。"))
    if not tracking.looks_right(number, carrier.pattern):
        hint = _("，例如 %(example)s") % {"example": carrier.example} if carrier.example else ""
        sentence = _("运单号不符合%(carrier)s的格式%(hint)s。") % {"carrier": carrier.name, "hint": hint}
        raise field_error("tracking_no", sentence, code="tracking_no_format")
    return number


@transaction.atomic
def save_carrier(*, carrier: Carrier | None, actor: Any, changes: Mapping[str, Any]) -> Carrier:
    """Make or change a carrier. Raises InvalidInput for a bad pattern, Conflict for a key in use."""
    row = carrier or Carrier()
    for name, value in changes.items():
        setattr(row, name, value)
    row.name = clean_line(row.name, field="name", limit=60)
    if not row.name:
        raise field_error("name", _("请填写名称。"))
    if row.pattern:
        try:
            user_pattern(row.pattern)
        except BadPattern as error:
            raise field_error("pattern", str(error)) from error
    if row.example and not tracking.looks_right(tracking.normalise(row.example), row.pattern):
        raise field_error("example", _("示例不符合运单号格式。"))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        sentence = _("“%(value)s”已被使用。") % {"value": row.key}
        raise Conflict(sentence, code="duplicate_key", fields={"key": [sentence]}) from error
    events.record_events([events.subject_event(CARRIER_SAVED, "carrier", row.pk, actor, key=row.key)])
    return row


@transaction.atomic
def save_stall_rule(*, rule: StallRule | None, actor: Any, changes: Mapping[str, Any]) -> StallRule:
    """Make or change a rule; parcels under way are measured by it from now on."""
    row = rule or StallRule()
    for name, value in changes.items():
        setattr(row, name, value)
    if row.stage in FINAL_STAGES or row.stage not in NodeKind.values:
        raise field_error("stage", _("请选择还会有进展的阶段。"))
    if not 1 <= row.hours <= 24 * 30:
        raise field_error("hours", _("小时数须在 1 到 720 之间。"))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        sentence = _("该快递公司的这个阶段已有规则。")
        raise Conflict(sentence, code="duplicate_rule", fields={"stage": [sentence]}) from error
    data = {"carrier": row.carrier_id, "stage": row.stage, "hours": row.hours}
    events.record_events([events.subject_event(RULE_SAVED, "stall_rule", row.pk, actor, **data)])
    arm(TimerSpec(key=f"stall-rule:{row.pk}:rearm", kind=REARM_TIMER, due_at=now(), payload={"after": 0, **data}))
    return row


class Patience:
    """All rules, read once for any number of parcels."""

    def __init__(self) -> None:
        self._rules = {(rule.carrier_id, rule.stage): rule for rule in StallRule.objects.all()}

    def rule(self, carrier_id: int, stage: str) -> StallRule | None:
        return self._rules.get((carrier_id, stage)) or self._rules.get((None, stage))

    def hours(self, carrier_id: int, stage: str) -> int | None:
        """How long it may stand still; None in a stage where nothing is expected to move."""
        if stage in FINAL_STAGES:
            return None
        rule = self.rule(carrier_id, stage)
        return rule.hours if rule else USUAL_HOURS[stage]

    def span(self, carrier_id: int, stage: str) -> timedelta | None:
        hours = self.hours(carrier_id, stage)
        return None if hours is None else timedelta(hours=hours)

    def tells_customer(self, carrier_id: int, stage: str) -> bool:
        rule = self.rule(carrier_id, stage)
        return rule.tells_customer if rule else True
