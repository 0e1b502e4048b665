"""Shifts: made, changed, cancelled, copied from a template over holidays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.calendars.models import BusinessCalendar
from core.calendars.services import schedule_of
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.choices import Role
from crm.staff.models import PeakPlan, ShiftPlan, ShiftTemplate, TemplateShift, User
from crm.staff.services import coverage
from crm.staff.services.guards import can_manage
from crm.staff.weeks import span_of, weekday_of
from tickets.models import Queue

LONGEST = timedelta(hours=24)
LONGEST_COPY = 92
_PLANNED_ROLES = (Role.AGENT, Role.LEAD)


@dataclass(frozen=True)
class Draft:
    """A shift that is not stored yet."""

    user: User
    starts_at: datetime
    ends_at: datetime
    queue: Queue | None = None


@dataclass
class Copied:
    """What a copy made, what was there before or could not be planned (in words), and the holidays left out."""

    made: list[ShiftPlan]
    skipped: list[str]
    holidays: list[date]


def create_shift(
    *, user: User, starts_at: datetime, ends_at: datetime, actor: User | None, queue: Queue | None = None
) -> ShiftPlan:
    """Plan one shift. Refused: the past, an end before its beginning, overlaps (409), queues they do not serve."""
    draft = Draft(user, starts_at, ends_at, queue)
    with transaction.atomic():
        _lock([user])
        check(draft, actor)
        shift = _store(draft, actor)
        _record("shift.created", shift, actor)
        coverage.arm_watch()
    return shift


def change_shift(
    *,
    shift: ShiftPlan,
    actor: User | None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    queue: Queue | str | None = "",
) -> ShiftPlan:
    """Move a shift. One that has begun keeps its beginning; one that is over stays as it was (409)."""
    with transaction.atomic():
        _lock([shift.user])
        row = ShiftPlan.objects.select_for_update(of=("self",)).select_related("user", "queue").get(pk=shift.pk)
        now = clock.now()
        _refuse_over(row, now)
        start = starts_at or row.starts_at
        if row.starts_at <= now and start != row.starts_at:
            raise _wrong("starts_at", _("班次已开始，不能修改开始时间。"))
        draft = Draft(row.user, start, ends_at or row.ends_at, row.queue if isinstance(queue, str) else queue)
        check(draft, actor, leaving_out=row)
        row.starts_at, row.ends_at, row.queue = draft.starts_at, draft.ends_at, draft.queue
        row.save(update_fields=["starts_at", "ends_at", "queue"])
        _record("shift.changed", row, actor)
        coverage.arm_watch()
    return row


def cancel_shift(*, shift: ShiftPlan, actor: User | None) -> None:
    """Take a shift back: one to come disappears, one that has begun ends now."""
    with transaction.atomic():
        row = ShiftPlan.objects.select_for_update(of=("self",)).select_related("user").get(pk=shift.pk)
        _require(actor, row.user)
        now = clock.now()
        _refuse_over(row, now)
        _record("shift.cancelled", row, actor)
        if row.starts_at < now:
            row.ends_at = now
            row.save(update_fields=["ends_at"])
        else:
            row.delete()
        coverage.arm_watch()


def copy_template(
    *,
    template: ShiftTemplate,
    first: date,
    last: date,
    actor: User | None,
    calendar: BusinessCalendar | None = None,
    peak: PeakPlan | None = None,
) -> Copied:
    """Copy a template's week onto the dates `first` to `last`, both included; safe to repeat.

    With a calendar its days off get no shifts, and a weekend's make-up workday those of the template's
    `makeup_weekday`. Shifts of a peak plan are cut to its span.
    """
    _check_dates(first, last)
    schedule = schedule_of(calendar) if calendar else None
    done = Copied([], [], [])
    with transaction.atomic():
        lines = list(template.shifts.select_related("user", "queue"))
        _lock({line.user for line in lines})
        for on in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            weekday = weekday_of(on, template.makeup_weekday, schedule)
            if weekday is None:
                done.holidays.append(on)
                continue
            for line in lines:
                if line.weekday == weekday:
                    _copy(line, on, actor, peak, done)
        record_event(
            kind="shift.copied",
            subject_type="shifttemplate",
            subject_id=template.pk,
            actor=actor,
            payload={"first": str(first), "last": str(last), "made": len(done.made), "skipped": len(done.skipped)},
        )
        coverage.arm_watch()
    return done


def check(
    draft: Draft, actor: User | None, *, peak: PeakPlan | None = None, leaving_out: ShiftPlan | None = None
) -> None:
    """Refuse what may not be planned, naming the field."""
    _require(actor, draft.user)
    if draft.user.role not in _PLANNED_ROLES or not draft.user.is_active:
        raise _wrong("user", _("%(name)s 不是在职客服，不能排班。") % {"name": draft.user.name})
    if draft.ends_at <= draft.starts_at:
        raise _wrong("ends_at", _("结束时间必须晚于开始时间。"))
    if draft.ends_at - draft.starts_at > LONGEST:
        raise _wrong("ends_at", _("一个班次最长 24 小时。"))
    begun = leaving_out is not None and leaving_out.starts_at == draft.starts_at
    if draft.starts_at < clock.now() and not begun and peak is None:
        raise _wrong("starts_at", _("不能排过去的班次。"))
    if draft.ends_at <= clock.now():
        raise _wrong("ends_at", _("不能排过去的班次。"))
    if draft.queue is not None and draft.queue.pk not in draft.user.queue_ids:
        raise _wrong("queue", _("%(name)s 的团队不负责该队列。") % {"name": draft.user.name})
    _refuse_overlap(draft, peak, leaving_out)


def _refuse_overlap(draft: Draft, peak: PeakPlan | None, leaving_out: ShiftPlan | None) -> None:
    layer = peak if peak is not None else (leaving_out.peak if leaving_out else None)
    rows = ShiftPlan.objects.filter(user=draft.user, peak=layer).between(draft.starts_at, draft.ends_at)
    if leaving_out is not None:
        rows = rows.exclude(pk=leaving_out.pk)
    other = rows.first()
    if other is None:
        return
    sentence = _("%(name)s 在 %(start)s–%(end)s 已有班次。") % {
        "name": draft.user.name,
        "start": f"{timezone.localtime(other.starts_at):%m-%d %H:%M}",
        "end": f"{timezone.localtime(other.ends_at):%m-%d %H:%M}",
    }
    raise Conflict(sentence, code="overlap", fields={"starts_at": [sentence]})


def _copy(line: TemplateShift, on: date, actor: User | None, peak: PeakPlan | None, done: Copied) -> None:
    start, end = span_of(on, line.opens_minute, line.closes_minute)
    if peak is not None:
        start, end = max(start, peak.starts_at), min(end, peak.ends_at)
        if end <= start:
            return
    draft = Draft(line.user, start, end, line.queue)
    try:
        check(draft, actor, peak=peak)
    except (Conflict, InvalidInput) as refused:
        done.skipped.append(f"{on} {line.user.name}：{refused.message}")
        return
    done.made.append(_store(draft, actor, template=line.template, peak=peak))


def _store(
    draft: Draft, actor: User | None, *, template: ShiftTemplate | None = None, peak: PeakPlan | None = None
) -> ShiftPlan:
    return ShiftPlan.objects.create(
        user=draft.user,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        queue=draft.queue,
        template=template,
        peak=peak,
        created_by=actor,
    )


def _lock(people: Iterable[User]) -> None:
    """Two plans for the same person wait for each other, so that neither overlooks the other's shift."""
    ids = sorted({person.pk for person in people})
    list(User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


def _require(actor: User | None, person: User) -> None:
    if actor is not None and not (actor.has_perm("staff.add_shiftplan") and can_manage(actor, person)):
        raise NotAllowed(_("只有主管和管理员可以排班，主管只能排自己团队的班。"))


def _refuse_over(row: ShiftPlan, now: datetime) -> None:
    if row.ends_at <= now:
        raise Conflict(_("班次已结束，不能再改。"), code="over")


def _check_dates(first: date, last: date) -> None:
    if last < first:
        raise _wrong("last", _("结束日期不能早于开始日期。"))
    if (last - first).days >= LONGEST_COPY:
        raise _wrong("last", _("一次最多复制 %(n)s 天。") % {"n": LONGEST_COPY})
    if last < timezone.localdate(clock.now()):
        raise _wrong("last", _("不能排过去的班次。"))


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={field: [sentence]})


def _record(kind: str, shift: ShiftPlan, actor: User | None) -> None:
    payload: dict[str, Any] = {
        "user": shift.user_id,
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
        "queue": shift.queue_id,
    }
    audience: Sequence[str] = [f"user:{shift.user_id}"]
    record_event(kind=kind, subject_type="shift", subject_id=shift.pk, actor=actor, payload=payload, audience=audience)
