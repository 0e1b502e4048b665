"""Keeping innovations."""

from collections.abc import Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput
from core.registers.services import Keeper, create_record, move_record, update_record
from crm.insights.choices import DECISIONS
from crm.insights.models import Innovation

if TYPE_CHECKING:
    from crm.staff.models import User

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
MOST_FIGURE, MOST_MONEY = Decimal("9999999999.9999"), Decimal("9999999999.99")
FIGURES, MONEY = ("baseline", "target", "result"), ("budget", "cost")
DAYS = ("pilot_first", "pilot_last")
_CHECKED = (*FIGURES, *MONEY, *DAYS, "result_n", "metric")


def create_innovation(*, actor: "User", values: Mapping[str, Any]) -> Innovation:
    """Write an idea down. Raises InvalidInput for days that cannot be or money below zero."""
    check(values)
    return create_record(model=Innovation, actor=actor, values=values)


@transaction.atomic
def change_innovation(
    *, record: Innovation, actor: "User", changes: Mapping[str, Any], seen_at: datetime | None = None
) -> Innovation:
    """Change an innovation; what is not named stays. What a decision rests on is not taken away from under it."""
    now_and_new = {name: getattr(record, name) for name in _CHECKED} | dict(changes)
    check(now_and_new)
    if record.state in DECISIONS:
        wanted = copy(record)
        for name, value in changes.items():
            setattr(wanted, name, value)
        _refuse(wanted.lacks(record.state, actor=actor))
    return update_record(record=record, actor=actor, changes=changes, seen_at=seen_at)


@transaction.atomic
def move_innovation(*, record: Innovation, actor: "User", state: str, reason: str = "") -> Innovation:
    """Move an innovation on. Keep, stop and scale need a result with its sample, the cost, and a reason (I13)."""
    is_decision = state in DECISIONS and state in record.register.next_states(record.state)
    if is_decision and not reason.strip():
        _refuse({"reason": _("请写明决定的理由。")})
    moved = move_record(record=record, actor=actor, state=state, reason=reason)
    if state in DECISIONS:
        moved.decision_reason, moved.decided_by, moved.decided_at = reason.strip(), actor, clock.now()
        moved.save(update_fields=["decision_reason", "decided_by", "decided_at", "updated_at"])
    return moved


def check(values: Mapping[str, Any]) -> None:
    """Refuse days out of order or out of reason, money below zero, and figures nobody can mean."""
    faults: dict[str, str] = {}
    first, last = (values.get(name) for name in DAYS)
    for name in DAYS:
        day = values.get(name)
        if day is not None and not EARLIEST <= day <= LATEST:
            faults[name] = _("日期须在 2000 年到 2100 年之间。")
    if not faults and first is not None and last is not None and last < first:
        faults["pilot_last"] = _("结束日期不能早于开始日期。")
    for name in MONEY:
        if not _is_between(values.get(name), Decimal(0), MOST_MONEY):
            faults[name] = _("金额须为 0 到 9999999999.99 之间的数。")
    for name in FIGURES:
        if not _is_between(values.get(name), -MOST_FIGURE, MOST_FIGURE):
            faults[name] = _("须为 -9999999999 到 9999999999 之间的数。")
    n = values.get("result_n")
    if n is not None and not 0 <= n < 2**31:
        faults["result_n"] = _("样本数须为非负整数。")
    _refuse(faults)


def _is_between(value: Decimal | None, least: Decimal, most: Decimal) -> bool:
    return value is None or (value.is_finite() and least <= value <= most)


def _refuse(faults: Mapping[str, str]) -> None:
    if faults:
        raise InvalidInput(" ".join(faults.values()), fields={name: [words] for name, words in faults.items()})


KEEPER = Keeper(create_innovation, change_innovation, move_innovation)
