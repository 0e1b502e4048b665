"""A program that arms timers and writes each key to standard output once it was committed.

Reads lines `COUNT SPREAD_SECONDS WORK_SECONDS PREFIX`; after each it writes an empty line.
While the database is away it tries the same key again.
"""

import logging
import sys
import time
from datetime import timedelta

import django
from django.db import DatabaseError, InterfaceError, close_old_connections, connection


def database_moment() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def arm_one(key: str, delay_seconds: float, work_seconds: float) -> None:
    from core.timers import TimerSpec, arm  # models can be imported only after django.setup()

    while True:
        try:
            due_at = database_moment() + timedelta(seconds=delay_seconds)
            arm(TimerSpec(key=key, kind="probe", due_at=due_at, payload={"work_seconds": work_seconds}))
        except (DatabaseError, InterfaceError):
            connection.close()
            close_old_connections()
            time.sleep(0.1)
        else:
            return


def main() -> None:
    django.setup()
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it mentions every connection we cut
    for line in sys.stdin:
        count, spread, work, prefix = line.split()
        for number in range(int(count)):
            key = f"{prefix}:{number}"
            arm_one(key, float(spread) * (number % 20) / 20, float(work))
            print(key, flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
