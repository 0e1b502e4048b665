"""Keeping improvement items."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.registers.services import Keeper, create_record, move_record, update_record
from crm.insights.choices import ImprovementState
from crm.insights.days import LONGEST
from crm.insights.improvements.effect import effect_of
from crm.insights.metrics import METRICS
from crm.insights.models import Improvement

if TYPE_CHECKING:
    from crm.staff.models import User

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


def create_improvement(*, actor: "User", values: Mapping[str, Any]) -> Improvement:
    """Propose an item. Raises InvalidInput for an unknown metric or days that cannot be."""
    check(values)
    return create_record(model=Improvement, actor=actor, values=values)


def change_improvement(
    *, record: Improvement, actor: "User", changes: Mapping[str, Any], seen_at: datetime | None = None
) -> Improvement:
    """Change an record; what is not named stays."""
    now_and_new = {name: getattr(record, name) for name in _CHECKED} | dict(changes)
    check(now_and_new)
    return update_record(record=record, actor=actor, changes=changes, seen_at=seen_at)


@transaction.atomic
def move_improvement(*, record: Improvement, actor: "User", state: str, reason: str = "") -> Improvement:
    """Move an record on. Done needs a measured effect, or a stated reason why there is none (I23)."""
    is_end = state == ImprovementState.DONE and state in record.register.next_states(record.state)
    if is_end and not record.no_effect_reason and not effect_of(record, actor).is_measured:
        sentence = _("还没有测得效果：等样本足够，或说明为什么测不到。")
        raise InvalidInput(sentence, code="not_measured", fields={"no_effect_reason": [sentence]})
    return move_record(record=record, actor=actor, state=state, reason=reason)


_CHECKED = ("metric", "baseline_first", "baseline_last", "after_first", "after_last")


def check(values: Mapping[str, Any]) -> None:
    """Refuse an unknown metric, and days that are missing, reversed, too many or out of order."""
    faults: dict[str, str] = {}
    if values.get("metric") not in METRICS:
        faults["metric"] = _("没有这个指标。")
    first, last = values.get("baseline_first"), values.get("baseline_last")
    if first is None or last is None:
        faults["baseline_first"] = _("请填写之前的起止日期。")
    else:
        _check_period(first, last, "baseline", faults)
    later, latest = values.get("after_first"), values.get("after_last")
    if (later is None) != (latest is None):
        faults["after_last" if latest is None else "after_first"] = _("之后的起止日期要一起填写。")
    elif later is not None and latest is not None:
        _check_period(later, latest, "after", faults)
        if last is not None and later <= last:
            faults["after_first"] = _("之后的时段须在之前的时段结束以后。")
    if faults:
        raise InvalidInput(" ".join(faults.values()), fields={name: [words] for name, words in faults.items()})


def _check_period(first: date, last: date, name: str, faults: dict[str, str]) -> None:
    if not EARLIEST <= first <= LATEST or not EARLIEST <= last <= LATEST:
        faults[f"{name}_first"] = _("日期须在 2000 年到 2100 年之间。")
    elif last < first:
        faults[f"{name}_last"] = _("结束日期不能早于开始日期。")
    elif (last - first).days >= LONGEST:
        faults[f"{name}_last"] = _("时段最多 %(n)d 天。") % {"n": LONGEST}


KEEPER = Keeper(create_improvement, change_improvement, move_improvement)
