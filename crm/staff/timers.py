"""What happens by itself with people."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from crm.staff.services import coverage, mark_absent, peaks, presence


@periodic("staff.absent", every=timedelta(minutes=1))
def send_absent_people_offline(slot: datetime) -> None:
    """Nobody is given work who has closed the page and gone home."""
    mark_absent()


@periodic(presence.WATCH, every=presence.LOOK_EVERY)
def return_chats_of_the_gone(slot: datetime) -> None:
    """Nobody's customers wait for a page that is closed."""
    if presence.was_watched(slot):
        presence.send_gone_away()


@timer_handler(coverage.TIMER_GAP)
def look_at_coverage(timer: Timer) -> None:
    """Somebody should be there now, or soon."""
    coverage.look(
        queue_id=timer.subject_id or 0, at=datetime.fromisoformat(timer.payload["at"]), when=timer.payload["when"]
    )


@periodic("staff.coverage", every=timedelta(hours=1))
def watch_coverage(slot: datetime) -> None:
    """Moments that have come within sight since the plan was last touched."""
    coverage.arm_watch()


@timer_handler(peaks.TIMER_SWITCH)
def switch_peak(timer: Timer) -> None:
    """A peak plan begins or ends."""
    peaks.switch(plan_id=timer.subject_id or 0, on=timer.payload["on"])
