"""Keeping the counts: adding what events say, and counting everything anew."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from django.db import connection, transaction

from core.events import Event, EventCursor, readable_until
from crm.insights import triage
from crm.insights.counting import KINDS, Fact, all_facts
from crm.insights.models import DayCount, PersonDayCount, TriageDay

CONSUMER = "insights.days"

_ADD = """
INSERT INTO insights_daycount (day, queue_id, channel_id, metric, value)
SELECT * FROM unnest(%s::date[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
ON CONFLICT (day, queue_id, channel_id, metric) DO UPDATE SET value = insights_daycount.value + excluded.value
"""
_ADD_PERSON = """
INSERT INTO insights_persondaycount (person_id, day, metric, value)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::bigint[])
ON CONFLICT (person_id, day, metric) DO UPDATE SET value = insights_persondaycount.value + excluded.value
"""


def count(events: Sequence[Event]) -> None:
    """Add a batch of events to the counts, a few statements for all. The caller's transaction moves its cursor."""
    triage.count(events)
    days: Counter[tuple[object, ...]] = Counter()
    people: Counter[tuple[object, ...]] = Counter()
    for fact in all_facts(events):
        days[_day_key(fact)] += fact.value
        if fact.person is not None:
            people[fact.person, fact.day, fact.key] += fact.value
    with connection.cursor() as cursor:
        for statement, sums in ((_ADD, days), (_ADD_PERSON, people)):
            if sums:
                columns = zip(*((*key, value) for key, value in sums.items()), strict=True)
                cursor.execute(statement, [list(column) for column in columns])


def _day_key(fact: Fact) -> tuple[object, ...]:
    return fact.day, fact.queue, fact.channel, fact.key


@transaction.atomic
def rebuild_day_counts(*, batch: int = 2000, progress: Callable[[int], None] | None = None) -> int:
    """Count every event anew; returns how many were counted.

    One transaction: pages show the old numbers until the new ones are complete, and the live
    consumer waits, then goes on after the last event counted here.
    """
    EventCursor.objects.bulk_create([EventCursor(name=CONSUMER)], ignore_conflicts=True)
    cursor = EventCursor.objects.select_for_update().get(name=CONSUMER)
    until = max(readable_until(), cursor.last_id)
    DayCount.objects.all().delete()
    PersonDayCount.objects.all().delete()
    TriageDay.objects.all().delete()
    rows = (
        Event.objects.filter(kind__in={*KINDS, *triage.KINDS}, id__lte=until).order_by("id").iterator(chunk_size=batch)
    )
    done = 0
    while chunk := list(islice(rows, batch)):
        count(chunk)
        done += len(chunk)
        if progress is not None:
            progress(done)
    cursor.last_id, cursor.attempt, cursor.last_error = until, 0, ""
    cursor.save(update_fields=["last_id", "attempt", "last_error"])
    return done
