"""Reading events in an order to which nothing is added later.

Ids are handed out before commit, so whoever reads up to the newest visible id skips a row that
commits late. Every writer therefore holds a shared advisory lock from before its first id until
its transaction ends; the lock's number is the last id handed out before. The oldest such lock
bounds what can be read: below it every id is either visible by now or will never exist. Only
transactions that write events hold readers up, not every long one of the server.
"""

from django.db import connection

from core.events.models import Event, EventQuerySet

# "KE" in the upper 16 bits of the lock's number, the id in the lower 48.
LOCK_SPACE = 0x4B45

# Two statements, in this order: a lock taken after the ids were counted belongs to later ids.
_BOUND = f"""
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM core_event_id_seq;
SELECT min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << 48) - 1)) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = {LOCK_SPACE}
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid <> pg_backend_pid()
"""  # noqa: S608 (a constant of this module)


def readable(after_id: int = 0) -> EventQuerySet:
    """Events after an id, oldest first. Going on from the last row of it never skips a late commit.

    Rows of the reader's own transaction count as readable. To be asked of the primary server.
    """
    return Event.objects.filter(id__gt=after_id, id__lte=readable_until()).order_by("id")


def readable_until() -> int:
    """The id up to which everything that will ever be visible is visible to the next statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUND)
        newest: int = cursor.fetchone()[0]
        cursor.nextset()
        oldest_writer: int | None = cursor.fetchone()[0]
    return newest if oldest_writer is None else min(newest, oldest_writer)
