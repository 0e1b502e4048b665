"""Signs of life of people: one statement, at most every 20 seconds a person."""

from datetime import datetime, timedelta

from django.db import connection

from core import clock
from crm.staff.choices import Availability
from crm.staff.models import User

BEAT_EVERY = timedelta(seconds=20)

_BEAT = """
INSERT INTO staff_presence AS p (user_id, beat_at, away_reason, returned) VALUES (%s, %s, '', 0)
ON CONFLICT (user_id) DO UPDATE SET beat_at = excluded.beat_at
WHERE p.beat_at IS NULL OR p.beat_at <= %s
"""


def beat(user: User, *, last: datetime | None = None) -> None:
    """Note that the person is there. Writes at most every 20 seconds, and nothing for who is offline.

    `last`: when they last beat, if the caller knows; spares the statement.
    """
    now = clock.now()
    if user.availability == Availability.OFFLINE or (last is not None and last > now - BEAT_EVERY):
        return
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [user.pk, now, now - BEAT_EVERY])


def last_beat(user: User) -> datetime | None:
    """When the person last beat; None when never. No statement if the row was read along."""
    presence = getattr(user, "presence", None)
    return presence.beat_at if presence else None
