"""What happens by itself with people."""

from datetime import datetime, timedelta

from core.timers import periodic
from crm.staff.services import mark_absent


@periodic("staff.absent", every=timedelta(minutes=1))
def send_absent_people_offline(slot: datetime) -> None:
    """Nobody is given work who has closed the page and gone home."""
    mark_absent()
