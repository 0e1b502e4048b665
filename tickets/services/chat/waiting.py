"""Where a waiting customer stands, and for how long about (capability B23).

The dispatcher gives out a queue's tickets oldest first, so the place is the number of tickets before this one.
The estimate is place · interval, where the interval is how often a waiting ticket of the queue was taken lately:
(now − the oldest of the last takes) / their number. It follows from the people's service times (a place becomes
free whenever one of them finishes) and needs no guess about how many they serve at once. It is not told when
nobody is on duty, when fewer than five were taken in two hours, or when it would be longer than an hour.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import F, Q

from core import clock
from tickets.choices import TicketStatus
from tickets.models import Ticket

LOOK_BACK = timedelta(hours=2)
TAKES = 20
FEWEST_TAKES = 5
#: Taken within this time means that somebody was free: it tells nothing about waiting.
AT_ONCE = timedelta(seconds=15)
LONGEST_MINUTES = 60


@dataclass(frozen=True)
class Place:
    """`position` 1 is next; `minutes` is None when it cannot be told."""

    position: int
    minutes: int | None


def place_of(ticket: Ticket) -> Place | None:
    """The place of a ticket that nobody has taken; None when it does not wait."""
    if ticket.status != TicketStatus.NEW or ticket.assignee_id is not None or ticket.merged_into_id:
        return None
    before = Ticket.objects.waiting().filter(
        Q(created_at__lt=ticket.created_at) | Q(created_at=ticket.created_at, pk__lt=ticket.pk),
        queue_id=ticket.queue_id,
    )
    position = before.count() + 1
    return Place(position, _minutes(position, ticket.queue_id))


def _minutes(position: int, queue_id: int) -> int | None:
    moment = clock.now()
    recent = Ticket.objects.filter(
        queue_id=queue_id, created_at__gt=moment - LOOK_BACK * 2, accepted_at__gt=moment - LOOK_BACK
    )
    takes = list(
        recent.filter(accepted_at__gt=F("created_at") + AT_ONCE)
        .order_by("-accepted_at")
        .values_list("accepted_at", flat=True)[:TAKES]
    )
    if len(takes) < FEWEST_TAKES or not get_user_model().objects.dispatch_candidates(queue_id).exists():
        return None
    interval = (moment - takes[-1]).total_seconds() / len(takes)
    minutes = max(1, math.ceil(position * interval / 60))
    return minutes if minutes <= LONGEST_MINUTES else None
