from dataclasses import dataclass

from django.db import connection, models, transaction
from django.db.models import Func, Q

from core.events.models import BEFORE_EVERYTHING, Event, EventCursor, EventQuerySet


@dataclass(frozen=True, order=True)
class Position:
    """A place in the order in which events become readable: by transaction, then by id."""

    xact: int = BEFORE_EVERYTHING
    id: int = 0


def _bigint(sql: str) -> Func:
    return Func(template=sql, output_field=models.BigIntegerField())


OLDEST_RUNNING = _bigint("(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)")
OWN_TRANSACTION = _bigint("(pg_current_xact_id_if_assigned()::text::bigint)")


def readable(after: Position | int = 0) -> EventQuerySet:
    """Events after a place, in an order to which nothing can be added later.

    An event is readable once every transaction with a lower number has ended; so a reader that
    goes on from the last row it saw never skips one that committed late. `after` may be an event
    id. Rows of the reader's own transaction count as readable.
    """
    place = position_of(after) if isinstance(after, int) else after
    return (
        Event.objects.filter(xact__gte=place.xact)
        .filter(Q(xact__gt=place.xact) | Q(id__gt=place.id))
        .filter(Q(xact__lt=OLDEST_RUNNING) | Q(xact=OWN_TRANSACTION))
        .order_by("xact", "id")
    )


def position_of(event_id: int) -> Position:
    """The place of an event that was read before; for an unknown id, that of the nearest older event."""
    row = Event.objects.filter(id__lte=event_id).order_by("-id").values_list("xact", "id").first()
    return Position(*row) if row else Position()


def latest_position() -> Position:
    """The place of the last readable event."""
    row = readable(Position()).reverse().values_list("xact", "id").first()
    return Position(*row) if row else Position()


def rebase_after_restore() -> int:
    """Make a restored dump continue the order of events; returns the rows moved.

    A dump restored into another cluster meets transaction numbers that start again from low values:
    new events would sort before old ones and never be read. This moves the old rows and the cursors
    below zero, order kept. Call it once after a restore, before anything writes; needs the owner of
    the table. A physical copy (base backup, pg_upgrade) keeps its numbers and does not need it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(xact), 0) + 1 FROM core_event")
        shift = cursor.fetchone()[0]
        cursor.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_event SET xact = xact - %s WHERE %s > 0", [shift, shift])
        moved = cursor.rowcount
        cursor.execute("ALTER TABLE core_event ENABLE TRIGGER USER")
        if shift > 0:
            started = EventCursor.objects.filter(last_xact__gt=BEFORE_EVERYTHING)
            started.update(last_xact=models.F("last_xact") - shift)
    return moved
