"""大促模式: scheduled, switched by the clock, stopped by hand."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from core.timers import TimerSpec, arm_many, cancel
from crm.staff import peak_words
from crm.staff.models import PeakPlan, ShiftPlan, User
from crm.staff.services import coverage, shifts

TIMER_SWITCH = "staff.peak_switch"
SUBJECT = "peakplan"
LONGEST = timedelta(days=62)
_LOCK = 0x7065616B
_FIELDS = ("name", "starts_at", "ends_at", "greeting", "limit_percent", "sla_note", "template")


def save_peak(*, plan: PeakPlan | None, actor: User | None, values: dict[str, Any]) -> PeakPlan:
    """Schedule a plan, or change one that has not begun.

    Refused: the past, an end before the beginning, a span that another plan has (409), one that runs or is over (409).
    """
    _require(actor)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        row = PeakPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk) if plan else PeakPlan(created_by=actor)
        if plan is not None and row.state != "ahead":
            raise Conflict(_("大促计划已开始或已结束，不能再改；需要时请先停止。"), code="begun")
        for name in _FIELDS:
            if name in values:
                setattr(row, name, values[name])
        _check(row)
        row.save()
        _plan_shifts(row, actor)
        _arm(row)
        _record("peak.scheduled", row, actor)
        peak_words.forget()
    return row


def stop_peak(*, plan: PeakPlan, actor: User) -> PeakPlan:
    """End a plan by hand: one that runs is over at once, one to come never begins."""
    _require(actor)
    with transaction.atomic():
        row = PeakPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        state = row.state
        if state not in ("ahead", "running"):
            raise Conflict(_("大促计划已经结束。"), code="over")
        row.stopped_at, row.stopped_by = clock.now(), actor
        row.save(update_fields=["stopped_at", "stopped_by"])
        cancel(subject_type=SUBJECT, subject_id=row.pk)
        if state == "running":
            _record("peak.switched", row, actor, on=False, by="hand")
        else:
            _record("peak.cancelled", row, actor)
        coverage.arm_watch()
        peak_words.forget()
    return row


def switch(*, plan_id: int, on: bool) -> bool:
    """Note that a plan began or ended by the clock. Nothing else has to be done: what is in force follows from the row.

    Returns whether it was so: a plan stopped meanwhile tells nothing more.
    """
    plan = PeakPlan.objects.select_for_update().filter(pk=plan_id, stopped_at=None).first()
    if plan is None:
        return False
    _record("peak.switched", plan, None, on=on, by="clock")
    peak_words.forget()
    return True


def _check(row: PeakPlan) -> None:
    if not row.name.strip():
        raise _wrong("name", _("请填写名称。"))
    if row.starts_at <= clock.now():
        raise _wrong("starts_at", _("开始时间必须晚于现在。"))
    if row.ends_at <= row.starts_at:
        raise _wrong("ends_at", _("结束时间必须晚于开始时间。"))
    if row.ends_at - row.starts_at > LONGEST:
        raise _wrong("ends_at", _("大促计划最长 %(n)s 天。") % {"n": LONGEST.days})
    if not 1 <= row.limit_percent <= 500:
        raise _wrong("limit_percent", _("接待上限须在 1%% 到 500%% 之间。"))
    others = PeakPlan.objects.running_between(row.starts_at, row.ends_at).exclude(pk=row.pk)
    other = others.first()
    if other is not None:
        sentence = _("与大促计划“%(name)s”时间重叠。") % {"name": other.name}
        raise Conflict(sentence, code="overlap", fields={"starts_at": [sentence]})


def _plan_shifts(row: PeakPlan, actor: User | None) -> None:
    """The template's week over the days of the plan; holidays count, that is what it is for."""
    ShiftPlan.objects.filter(peak=row).delete()
    if row.template is None:
        return
    first, last = _day(row.starts_at) - timedelta(days=1), _day(row.ends_at)
    shifts.copy_template(template=row.template, first=first, last=last, actor=None, peak=row)


def _day(moment: datetime) -> Any:
    return timezone.localdate(moment)


def _arm(row: PeakPlan) -> None:
    moments = {"on": row.starts_at, "off": row.ends_at}
    arm_many(
        [
            TimerSpec(
                key=f"peak:{row.pk}:{word}",
                kind=TIMER_SWITCH,
                due_at=at,
                subject_type=SUBJECT,
                subject_id=row.pk,
                payload={"on": word == "on"},
            )
            for word, at in moments.items()
        ]
    )


def _require(actor: User | None) -> None:
    if actor is not None and not actor.has_perm("staff.change_peakplan"):
        raise NotAllowed(_("只有主管和管理员可以安排大促模式。"))


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={field: [sentence]})


def _record(kind: str, plan: PeakPlan, actor: User | None, **more: Any) -> None:
    payload = {
        "name": plan.name,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "limit_percent": plan.limit_percent,
        "template": plan.template_id,
        **more,
    }
    record_event(kind=kind, subject_type=SUBJECT, subject_id=plan.pk, actor=actor, payload=payload, audience="all")
