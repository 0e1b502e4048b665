"""The database's clock, which alone decides what is due, and the back-off after a failure."""

import random
from datetime import datetime, timedelta

from django.db import connection, models
from django.db.models import Func

from core import clock

ATTEMPTS_BEFORE_DEAD = 8
_LONGEST_WAIT = 3600.0  # seconds


class ClockTimestamp(Func):
    """The moment at which PostgreSQL evaluates it; unlike now(), it moves inside a transaction."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


def judging_moment(now: datetime | None = None) -> datetime:
    """The moment by which rows are due: the given one, a pinned one, else the database's clock."""
    given = now or clock.pinned()
    if given is not None:
        return given
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def back_off(attempt: int) -> timedelta:
    """How long to wait after the given failed attempt (1 = the first): doubling, up to an hour, ± half."""
    seconds = min(_LONGEST_WAIT, 0.5 * 2 ** min(attempt, 20))
    return timedelta(seconds=seconds * random.uniform(0.5, 1.5))  # noqa: S311 (spreads load, guards nothing)
