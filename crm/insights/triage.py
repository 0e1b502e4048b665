"""How often triage was right: sums of days, kept as events come in, so that no request reads tickets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from django.db import connection
from django.db.models import Sum

from core.events import Event
from crm.insights.days import Period, day_of
from crm.insights.models import TriageDay
from crm.insights.questions import today
from tickets.events import CREATED, MERGED, UNMERGED, UPDATED
from tickets.models import Ticket
from tickets.triage.accuracy import Accuracy, accuracy_of

KINDS = (CREATED, UPDATED, MERGED, UNMERGED)
DAYS = 90
#: Day of receipt, suggested category, category it has.
Key = tuple[date, str, str]

_ADD = """
INSERT INTO insights_triageday (day, suggested, chosen, value)
SELECT * FROM unnest(%s::date[], %s::text[], %s::text[], %s::bigint[])
ON CONFLICT (day, suggested, chosen) DO UPDATE SET value = insights_triageday.value + excluded.value
"""


def measure() -> Accuracy:
    """Suggestion against final category of the tickets of the last ninety days, from the sums of days."""
    period = Period.ending(today(), days=DAYS)
    rows = TriageDay.objects.filter(day__gte=period.first, day__lte=period.last).order_by()
    pairs = rows.values_list("suggested", "chosen").annotate(total=Sum("value")).filter(total__gt=0)
    return accuracy_of(Counter({(suggested, chosen): total for suggested, chosen, total in pairs}))


def count(events: Sequence[Event]) -> None:
    """Add what a batch of events says: two statements at most. The caller's transaction moves its cursor."""
    heard = [event for event in events if event.kind in KINDS and list(_changes(event))]
    known = _suggested(heard)
    sums: Counter[Key] = Counter()
    for event in heard:
        if event.subject_id not in known:
            continue
        day, suggested = known[event.subject_id]
        for chosen, value in _changes(event):
            if suggested and chosen:
                sums[day, suggested, chosen] += value
    columns = [(*key, value) for key, value in sums.items() if value]
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [list(column) for column in zip(*columns, strict=True)])


def _suggested(events: Sequence[Event]) -> dict[int | None, tuple[date, str]]:
    """Day of receipt and suggestion of each event's ticket; neither changes afterwards."""
    wanted = {event.subject_id for event in events if event.subject_id is not None}
    if not wanted:
        return {}
    rows = Ticket.objects.filter(pk__in=wanted).values_list("pk", "created_at", "suggested_category")
    return {pk: (day_of(created_at), suggested) for pk, created_at, suggested in rows}


def _changes(event: Event) -> Iterator[tuple[str, int]]:
    """Categories that the ticket has from now on (1), or no more (-1)."""
    payload = event.payload
    if event.kind in (CREATED, UNMERGED):
        yield payload.get("category", ""), 1
    elif event.kind == MERGED:
        yield payload.get("category", ""), -1
    elif "category" in payload.get("changes", {}):
        before, after = payload["changes"]["category"]
        yield before, -1
        yield after, 1
