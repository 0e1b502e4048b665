"""Whether a channel works: since when receiving or sending has failed, and what was last said about it.

Written by whoever fetches and sends, beside the change of configuration: it drops no cached copy.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce

from core import clock
from tickets.models import Channel

ERROR_LENGTH = 300


class Way(StrEnum):
    RECEIVING = "receiving"
    SENDING = "sending"


@dataclass(frozen=True)
class Trouble:
    """What does not work of a channel; `since` is when it was first noticed."""

    channel: Channel
    way: Way
    since: datetime
    error: str


def failed(*, channel_id: int, way: Way, error: str) -> None:
    """It does not work now. The first moment stays, the last error counts."""
    since = f"{way}_failing_since"
    moment = Coalesce(F(since), Value(clock.now(), output_field=DateTimeField()))
    Channel.objects.filter(pk=channel_id).update(**{since: moment, f"{way}_error": error[:ERROR_LENGTH]})


def works(*, channel_id: int, way: Way) -> None:
    """It works, or nobody tries any more. Writes only when something was wrong."""
    wrong = Channel.objects.filter(pk=channel_id, **{f"{way}_failing_since__isnull": False})
    wrong.update(**{f"{way}_failing_since": None, f"{way}_error": ""})


def failing() -> "list[Channel]":
    """Channels in use of which something does not work. One statement over a small table."""
    wrong = Q(receiving_failing_since__isnull=False) | Q(sending_failing_since__isnull=False)
    return list(Channel.objects.filter(wrong, is_active=True).order_by("pk"))


def troubles() -> list[Trouble]:
    """What does not work now, the longest first."""
    found = [
        Trouble(channel, way, since, getattr(channel, f"{way}_error"))
        for channel in failing()
        for way in Way
        if (since := getattr(channel, f"{way}_failing_since")) is not None
    ]
    return sorted(found, key=lambda trouble: trouble.since)
