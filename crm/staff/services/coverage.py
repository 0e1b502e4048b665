"""Hours in which a group must be manned: where nobody is planned, and saying so in time."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from core import clock
from core.calendars.services import schedule_of
from core.events import record_event
from core.timers import TimerSpec, arm_many
from crm.staff.models import Membership, PeakPlan, ShiftPlan, SkillGroup, User
from crm.staff.weeks import span_of, weekday_of

TIMER_GAP = "staff.shift_gap"
SOON, NOW = "soon", "now"
LOOK_AHEAD = timedelta(hours=36)
_DAY = timedelta(days=1)
_FRIDAY = 4
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Gap:
    """Nobody of the group is planned from `starts_at` up to `ends_at`, though somebody must be there."""

    group: SkillGroup
    starts_at: datetime
    ends_at: datetime

    def is_flagged(self, now: datetime) -> bool:
        """Whether it has begun, or begins within the lead time."""
        return self.starts_at - timedelta(minutes=self.group.lead_minutes) <= now < self.ends_at


def gaps(*, start: datetime, end: datetime, queue_ids: Collection[int] | None = None) -> list[Gap]:
    """Every gap that touches the span, in order of time. A fixed number of statements."""
    groups = SkillGroup.objects.select_related("queue", "calendar").prefetch_related("hours")
    wanted = list(groups if queue_ids is None else groups.filter(queue__in=queue_ids))
    manned = _manned([group.queue_id for group in wanted], start, end)
    found = [
        Gap(group, gap_start, gap_end)
        for group in wanted
        for need in needs(group, start, end)
        for gap_start, gap_end in _without(need, manned[group.queue_id])
        if gap_end > start and gap_start < end
    ]
    return sorted(found, key=lambda gap: (gap.starts_at, gap.group.queue_id))


def flagged(*, queue_ids: Collection[int]) -> list[Gap]:
    """Gaps the board marks now."""
    now = clock.now()
    return [gap for gap in gaps(start=now - _DAY, end=now + _DAY, queue_ids=queue_ids) if gap.is_flagged(now)]


def needs(group: SkillGroup, start: datetime, end: datetime) -> list[Span]:
    """The spans in which somebody of the group must be there, days off of its calendar left out."""
    schedule = schedule_of(group.calendar) if group.calendar else None
    day, last = timezone.localdate(start) - _DAY, timezone.localdate(end)
    found = []
    while day <= last:
        weekday = weekday_of(day, _FRIDAY, schedule)
        found += [
            span_of(day, line.opens_minute, line.closes_minute) for line in group.hours.all() if line.weekday == weekday
        ]
        day += _DAY
    return _joined(span for span in found if span[1] > start and span[0] < end)


def arm_watch() -> None:
    """Arm the moments of the next day and a half at which somebody should be there.

    A gap is told its group's lead time ahead; every beginning is looked at again when it comes.
    """
    now = clock.now()
    specs = []
    for gap in gaps(start=now, end=now + LOOK_AHEAD):
        ahead = gap.starts_at - timedelta(minutes=gap.group.lead_minutes)
        if gap.starts_at > now:
            specs.append(_spec(gap.group, gap.starts_at, ahead, SOON))
        specs.append(_spec(gap.group, gap.starts_at, gap.starts_at, NOW))
    for group in SkillGroup.objects.select_related("queue", "calendar").prefetch_related("hours"):
        for start, _end in needs(group, now, now + LOOK_AHEAD):
            specs.append(_spec(group, start, start, NOW))
    arm_many(specs)


def look(*, queue_id: int, at: datetime, when: str) -> bool:
    """The moment came: tell it if nobody is planned, or nobody planned is there. Returns whether it was told."""
    group = SkillGroup.objects.select_related("queue", "calendar").filter(queue=queue_id).first()
    if group is None:
        return False
    need = next((span for span in needs(group, at, at + timedelta(microseconds=1))), None)
    if need is None:
        return False
    gap = next(
        (g for g in gaps(start=at, end=at + timedelta(microseconds=1), queue_ids=[queue_id]) if g.starts_at <= at), None
    )
    if gap is None and (when == SOON or _somebody_is_there(queue_id)):
        return False
    record_event(
        kind="shift.uncovered",
        subject_type="queue",
        subject_id=queue_id,
        actor=None,
        payload={
            "queue": queue_id,
            "name": group.queue.name,
            "at": at,
            "until": gap.ends_at if gap else need[1],
            "when": when,
            "planned": gap is None,
        },
        audience=f"queue:{queue_id}",
    )
    return True


def _somebody_is_there(queue_id: int) -> bool:
    return User.objects.dispatch_candidates(queue_id).exists()


def _spec(group: SkillGroup, at: datetime, due_at: datetime, when: str) -> TimerSpec:
    return TimerSpec(
        key=f"shift-gap:{group.queue_id}:{at.timestamp():.0f}:{when}",
        kind=TIMER_GAP,
        due_at=due_at,
        subject_type="queue",
        subject_id=group.queue_id,
        payload={"at": at, "when": when},
    )


def _manned(queue_ids: list[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """By queue, the spans in which somebody who serves it is on shift."""
    start, end = start - _DAY, end + _DAY
    serving = defaultdict(set)
    skills = {group.queue_id: set(group.skills) for group in SkillGroup.objects.filter(queue__in=queue_ids)}
    rows = Membership.objects.filter(team__queues__in=queue_ids, user__is_active=True)
    for queue_id, user_id, able in rows.values_list("team__queues", "user", "user__skills"):
        if skills.get(queue_id, set()) <= set(able or ()):
            serving[user_id].add(queue_id)
    peaks = list(PeakPlan.objects.running_between(start, end).exclude(template=None))
    found: dict[int, list[Span]] = defaultdict(list)
    for shift in ShiftPlan.objects.filter(user__in=list(serving)).between(start, end):
        for queue_id in serving[shift.user_id]:
            if shift.queue_id in (None, queue_id):
                found[queue_id] += _in_force(shift, peaks)
    return found


def _in_force(shift: ShiftPlan, peaks: list[PeakPlan]) -> list[Span]:
    """The parts of the shift that count: a peak plan's shifts during it, the plain ones outside of every."""
    span = (shift.starts_at, shift.ends_at)
    if shift.peak_id is None:
        return _without(span, [(peak.starts_at, peak.closes_at) for peak in peaks])
    own = next((peak for peak in peaks if peak.pk == shift.peak_id), None)
    if own is None:
        return []
    start, end = max(span[0], own.starts_at), min(span[1], own.closes_at)
    return [(start, end)] if start < end else []


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that touch made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of the span outside of the others."""
    left, position = [], span[0]
    for start, end in sorted(others):
        if end <= position or start >= span[1]:
            continue
        if start > position:
            left.append((position, start))
        position = max(position, end)
    if position < span[1]:
        left.append((position, span[1]))
    return left
