"""Periodic jobs: each slot becomes a timer, so retries, death and replay are those of timers."""

from collections.abc import MutableMapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from core.moments import judging_moment
from core.outbox.models import OutboxItem, OutboxState
from core.timers.arming import TimerSpec, arm_many
from core.timers.models import Heartbeat, PeriodicRun, Timer, TimerFiring, TimerState
from core.timers.registry import PeriodicJob, periodic, periodic_jobs, timer_handler

KEEP = timedelta(days=90)
KEEP_PERIODIC = timedelta(days=2)
_PURGE_ROWS = 20_000
_MONDAY = datetime(2001, 1, 1)  # noqa: DTZ001 (a wall-clock anchor, made aware in slot_of)

_CLAIM_SLOTS = """
INSERT INTO core_periodicrun (name, slot_at) SELECT * FROM unnest(%s::text[], %s::timestamptz[])
ON CONFLICT (name, slot_at) DO NOTHING RETURNING name, slot_at
"""


def slot_of(job: PeriodicJob, moment: datetime) -> datetime:
    """The start of the slot in which `moment` lies, on the wall clock of TIME_ZONE."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = moment.astimezone(zone).replace(tzinfo=None)
    count = (local - _MONDAY - job.offset) // job.every
    return (_MONDAY + job.offset + count * job.every).replace(tzinfo=zone)


def arm_periodic(*, now: datetime | None = None, seen: MutableMapping[str, datetime] | None = None) -> int:
    """Arm the current slot of every periodic job that nobody armed yet; returns how many.

    seen: the caller's memory of slots already armed, which spares the database a question a second.
    """
    moment = judging_moment(now)
    slots = {name: slot_of(job, moment) for name, job in periodic_jobs.items()}
    known = seen or {}
    wanted = {name: slot for name, slot in slots.items() if known.get(name) != slot}
    if not wanted:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM_SLOTS, [list(wanted), list(wanted.values())])
            claimed = cursor.fetchall()
        arm_many(
            [
                TimerSpec(
                    key=f"periodic:{name}:{slot.isoformat()}",
                    kind="periodic",
                    due_at=slot,
                    payload={"name": name, "slot": slot.isoformat()},
                )
                for name, slot in claimed
            ]
        )
    if seen is not None:
        seen.update(wanted)
    return len(claimed)


@timer_handler("periodic")
def run_slot(timer: Timer) -> None:
    """Run the job of one slot."""
    periodic_jobs[timer.payload["name"]].handler(datetime.fromisoformat(timer.payload["slot"]))


@periodic("engine.purge", every=timedelta(hours=1), offset=timedelta(minutes=20))
def purge(slot: datetime) -> None:
    """Forget finished timers with their firings, old slots and sent items; dead ones stay until someone decides."""
    finished = Timer.objects.filter(state__in=[TimerState.DONE, TimerState.CANCELLED])
    for timers in (
        finished.filter(due_at__lt=slot - KEEP),
        finished.filter(kind="periodic", due_at__lt=slot - KEEP_PERIODIC),
    ):
        rows = dict(timers.order_by("due_at").values_list("pk", "key")[:_PURGE_ROWS])
        TimerFiring.objects.filter(timer_key__in=list(rows.values())).delete()
        Timer.objects.filter(pk__in=list(rows)).delete()
    PeriodicRun.objects.filter(slot_at__lt=slot - KEEP_PERIODIC).delete()
    sent = OutboxItem.objects.filter(state=OutboxState.SENT, sent_at__lt=slot - KEEP).order_by("sent_at")
    OutboxItem.objects.filter(pk__in=list(sent.values_list("pk", flat=True)[:_PURGE_ROWS])).delete()
    Heartbeat.objects.filter(beat_at__lt=slot - KEEP_PERIODIC).delete()
