"""Rules of law and platforms as rows: made from what is known, found by event, edited by who may."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.calendars.arithmetic import DAY_MINUTES
from core.clock import now
from core.errors import InvalidInput, NotFound
from core.events import record_event
from tickets.legal import PRESETS, RulePreset
from tickets.legal.presets import BY_CODE, CHECKED_ON, SAME_RULES, UNKNOWN_PLATFORM
from tickets.legal_choices import Authority
from tickets.models import LegalRule

if TYPE_CHECKING:
    from crm.staff.models import User

CHANGED = "legal_rule.changed"


def load_presets() -> int:
    """Make the rules that are not there yet; those that are stay as they were edited. Returns how many are new."""
    known = set(LegalRule.objects.values_list("code", flat=True))
    missing = [_row(preset) for preset in PRESETS if preset.code not in known]
    if missing:
        LegalRule.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


def _row(preset: RulePreset) -> LegalRule:
    period = preset.period
    return LegalRule(
        code=preset.code,
        title=preset.title,
        amount=period.amount,
        unit=period.unit,
        clock=period.clock,
        opens_minute=period.opens,
        closes_minute=period.closes,
        is_extended=period.is_extended,
        warns=list(preset.warns),
        starts=preset.starts,
        provisional=preset.provisional,
        authorities=list(preset.authorities),
        platform=preset.platform,
        is_ours=preset.is_ours,
        source_title=preset.source,
        source_article=preset.article,
        confidence=preset.confidence,
        checked_on=CHECKED_ON,
        is_active=preset.is_active,
    )


def find(code: str) -> LegalRule | None:
    """The rule of this code, switched on or not; None when nobody knows it."""
    rows = LegalRule.objects.filter(code=code)
    found: LegalRule | None = rows.first()
    if found is None and code in BY_CODE:
        load_presets()
        found = rows.first()
    return found


def named(code: str) -> LegalRule:
    """The rule of this code. Raises NotFound when there is none, InvalidInput when it is switched off."""
    found = find(code)
    if found is None:
        raise NotFound(_("没有这条时限规则。"))
    if not found.is_active:
        sentence = _("规则“%(title)s”未启用，请先核实并启用。") % {"title": found.title}
        raise InvalidInput(sentence, code="rule_inactive", fields={"rule": [sentence]})
    return found


def in_force(*, authority: str, platform: str) -> list[LegalRule]:
    """The rules in force for a dispute before this authority."""
    load_presets()
    today = now().date()
    rows = LegalRule.objects.filter(is_active=True, authorities__contains=[authority])
    rows = rows.filter(Q(effective_from=None) | Q(effective_from__lte=today))
    rows = rows.filter(Q(effective_to=None) | Q(effective_to__gte=today))
    if authority == Authority.PLATFORM:
        rows = rows.filter(platform__in=["", rule_book(platform)])
    return list(rows.order_by("code"))


def applying(*, authority: str, platform: str, event: str) -> list[LegalRule]:
    """Those that begin, at least for now, at this event."""
    found = in_force(authority=authority, platform=platform)
    return [rule for rule in found if event in (rule.starts, rule.provisional)]


def rule_book(platform: str) -> str:
    """Whose rules a platform follows; without a platform, the strictest known."""
    return SAME_RULES.get(platform, platform) or UNKNOWN_PLATFORM


PERIOD_FIELDS = ("amount", "unit", "clock", "opens_minute", "closes_minute", "is_extended", "warns")


def check_period(rule: LegalRule) -> None:
    """Raises InvalidInput naming the field for a period that cannot be."""
    faults: dict[str, str] = {}
    if not 0 <= rule.opens_minute < rule.closes_minute <= DAY_MINUTES:
        faults["closes_minute"] = _("每日结束须晚于开始，且不晚于 24:00。")
    elif rule.amount < 1:
        faults["amount"] = _("时长须大于 0。")
    else:
        try:
            rule.period  # noqa: B018 (asks whether there is one)
        except ValueError:
            faults["unit"] = _("时长、单位与计时方式不相配：工作日按天计，营业时间和每日时段按小时计。")
    if any(not 0 < warn < rule.amount for warn in rule.warns):
        faults["warns"] = _("提醒点须大于 0 且小于时长。")
    if faults:
        raise InvalidInput(next(iter(faults.values())), fields={name: [text] for name, text in faults.items()})


@transaction.atomic
def save_rule(*, rule: LegalRule, actor: "User", values: dict[str, Any]) -> LegalRule:
    """Change a rule; what runs already keeps its number. Raises InvalidInput for a period that cannot be."""
    for name, value in values.items():
        setattr(rule, name, value)
    check_period(rule)
    rule.save()
    record_event(
        kind=CHANGED,
        subject_type="legal_rule",
        subject_id=rule.pk,
        actor=actor,
        payload={"code": rule.code, "amount": rule.amount, "unit": rule.unit, "active": rule.is_active},
    )
    return rule
