"""The ledger is checked by itself."""

from datetime import datetime, timedelta

from core.timers import Timer, periodic, timer_handler
from tickets.ledger import checking


@timer_handler(checking.TIMER_CHECK)
def check_ledger(timer: Timer) -> None:
    """The next portions of a check."""
    checking.go_on(check_id=timer.subject_id or 0)


@periodic("tickets.ledger", every=timedelta(days=1), offset=timedelta(hours=3))
def check_every_night(slot: datetime) -> None:
    """The whole ledger, every night."""
    checking.nightly(slot)
