"""What happens by itself with people."""

from datetime import datetime, timedelta

from core.timers import periodic
from crm.staff.services import mark_absent, presence


@periodic("staff.absent", every=timedelta(minutes=1))
def send_absent_people_offline(slot: datetime) -> None:
    """Nobody is given work who has closed the page and gone home."""
    mark_absent()


@periodic(presence.WATCH, every=presence.LOOK_EVERY)
def return_chats_of_the_gone(slot: datetime) -> None:
    """Nobody's customers wait for a page that is closed."""
    if presence.was_watched(slot):
        presence.send_gone_away()
