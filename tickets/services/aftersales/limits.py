"""By when the next step is owed: limits by stage, outcome and platform, and the timers for them (D01, D04)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput
from core.events import record_event
from core.timers import TimerSpec, arm_many, cancel
from tickets.aftersales_choices import AfterSalesState, LimitStage
from tickets.aftersales_presets import PRESETS
from tickets.models import AfterSales, AfterSalesLimit

SUBJECT = "aftersales"
TIMER_DUE, TIMER_WARN, TIMER_RED = "aftersales.due", "aftersales.warn", "aftersales.red_line"
_S = AfterSalesState
#: States in which goods that came back are waiting for us.
_HOLDING = (_S.INSPECTING, _S.DECIDING, _S.EXECUTING)
OWED = (_S.APPLIED, _S.APPROVING, _S.RETURNING, *_HOLDING)


@dataclass(frozen=True)
class Limit:
    """How long, and when to warn, counted from the beginning of the stage."""

    span: timedelta
    warnings: tuple[timedelta, ...]


def limit_of(stage: str, kind: str, platform: str) -> Limit | None:
    """The limit of the stage for this outcome on this platform: the most specific row, else the preset.

    Outcome and platform together come first, then outcome, then platform. A stage whose rows are all switched
    off has no limit.
    """
    rows: list[Any] = list(AfterSalesLimit.objects.filter(stage=stage))
    chosen = _most_specific([row for row in rows if row.is_active] if rows else _presets(stage), kind, platform)
    if chosen is None:
        return None
    hours = [int(hour) for hour in chosen.warn_hours]
    return Limit(timedelta(hours=chosen.hours), tuple(timedelta(hours=hour) for hour in sorted(hours)))


def _presets(stage: str) -> list[Any]:
    return [preset for preset in PRESETS if preset.stage == stage]


def _most_specific(rows: Iterable[Any], kind: str, platform: str) -> Any:
    fitting = [row for row in rows if row.kind in ("", kind) and row.platform in ("", platform)]
    return max(fitting, key=lambda row: (bool(row.kind), bool(row.platform)), default=None)


def set_moments(request: AfterSales) -> list[TimerSpec]:
    """Compute the moments of the state just entered; returns the timers to arm. Writes columns, not the row."""
    platform = request.order.shop.platform
    stage = limit_of(request.state, request.kind, platform) if request.state in LimitStage.values else None
    request.due_at = request.state_at + stage.span if stage else None
    if request.state == _S.APPROVING and request.approval is not None:
        request.due_at = request.approval.expires_at
    goods = limit_of(LimitStage.GOODS_BACK, request.kind, platform) if request.state in _HOLDING else None
    request.goods_due_at = request.received_at + goods.span if goods and request.received_at else None
    moments = [] if stage is None else [request.state_at + warning for warning in stage.warnings]
    if goods is not None and request.received_at is not None:
        moments += [request.received_at + warning for warning in goods.warnings]
        ends = [moment for moment in (request.due_at, request.goods_due_at) if moment is not None]
        request.due_at = min(ends)
    return _specs(request, moments)


def _specs(request: AfterSales, warnings: Iterable[datetime]) -> list[TimerSpec]:
    found = []
    ends = {"due": request.due_at, "goods": request.goods_due_at}
    for name, moment in ends.items():
        if moment is not None:
            found.append(_spec(request, TIMER_DUE, name, moment))
    for number, moment in enumerate(sorted(moment for moment in warnings if moment > request.state_at)):
        found.append(_spec(request, TIMER_WARN, f"warn{number}", moment))
    return found


def _spec(request: AfterSales, kind: str, name: str, moment: datetime) -> TimerSpec:
    return TimerSpec(
        key=f"aftersales:{request.pk}:{name}",
        kind=kind,
        due_at=moment,
        subject_type=SUBJECT,
        subject_id=request.pk,
        payload={"state": request.state, "name": name},
    )


def rearm(request: AfterSales, specs: list[TimerSpec]) -> None:
    """The timers of the new state in place of those of the old one; the red line runs on until it is settled."""
    kinds = [TIMER_DUE, TIMER_WARN] if request.state in OWED else [TIMER_DUE, TIMER_WARN, TIMER_RED]
    cancel(subject_type=SUBJECT, subject_id=request.pk, kinds=kinds)
    arm_many(specs)


def arm_red_line(request: AfterSales) -> None:
    """Days 10, 13 and 15 after the request: later than that counts as refusing on purpose (R-08, P-10)."""
    found = limit_of(LimitStage.RED_LINE, request.kind, request.order.shop.platform)
    if found is None:
        return
    moments = [request.requested_at + span for span in (*found.warnings, found.span)]
    arm_many([_spec(request, TIMER_RED, f"red{number}", moment) for number, moment in enumerate(moments)])


@transaction.atomic
def save_limit(*, limit: AfterSalesLimit | None, actor: Any, values: Mapping[str, Any]) -> AfterSalesLimit:
    """Make or change a limit; it counts for the stages entered from now on.

    Raises InvalidInput naming the field, Conflict "duplicate" for a second one of stage, outcome and platform.
    """
    limit = limit or AfterSalesLimit()
    for name, value in values.items():
        setattr(limit, name, value)
    try:
        limit.clean()
    except ValidationError as error:
        raise InvalidInput(error.messages[0], fields=error.message_dict) from error
    same = AfterSalesLimit.objects.filter(stage=limit.stage, kind=limit.kind, platform=limit.platform)
    if same.exclude(pk=limit.pk).exists():
        sentence = _("这个阶段、方案和平台已有时限，请修改它。")
        raise Conflict(sentence, code="duplicate", fields={"stage": [sentence]})
    limit.save()
    record_event(
        kind="aftersales.limit_changed",
        subject_type="aftersales_limit",
        subject_id=limit.pk,
        actor=actor,
        payload={"stage": limit.stage, "kind": limit.kind, "platform": limit.platform, "hours": limit.hours},
    )
    return limit
