import time

from django.db import connection

from core.timers import Timer, timer_handler


@timer_handler("probe")
def probe(timer: Timer) -> None:
    """Take some time, then leave one row. The table has no unique key, so doing it twice would show."""
    time.sleep(timer.payload["work_seconds"])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO probe_effect (key, due_at, done_at) VALUES (%s, %s, clock_timestamp())",
            [timer.key, timer.due_at],
        )
