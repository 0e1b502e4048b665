"""Complaints in their hundreds of thousands: fill a database that holds the demo, then measure.

    DATABASE_URL=… python tests/measure/complaints.py fill 500000
    DATABASE_URL=… python tests/measure/complaints.py times
    DATABASE_URL=… python tests/measure/complaints.py plans /reports/handling/ > plans.txt

`fill` spreads copies of the demo's complaints over a hundred days (5,000 a day for 500,000), with their grades,
clocks, pauses, procedures, compensations, unmet norms and statutory deadlines. `times` asks each address `ROUNDS`
times after two warming requests and prints the median, the 95th percentile and the number of statements.
Never run it on a database that is used.
"""

import argparse
import itertools
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grow  # sets Django up
from django.conf import settings
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from crm.staff.models import User
from tickets.models import Compensation, LegalClock, SLAClock, Ticket

ROUNDS = 30
DAYS = 100
USERS = ("supervisor", "admin")
_COLUMNS = grow.columns(Ticket)
#: Made with the database's own means from the tickets that were copied in.
_FOLLOWING = (
    """INSERT INTO tickets_complaintgrade (ticket_id, level_id, source, received_at, graded_at)
    SELECT t.id, (SELECT id FROM tickets_complaintlevel ORDER BY rank OFFSET (t.id %% 20) / 7 LIMIT 1), 'rule',
        t.created_at, t.created_at FROM tickets_ticket t WHERE t.id >= %s ON CONFLICT DO NOTHING""",
    """INSERT INTO tickets_ticketpause (ticket_id, reason, started_at, ended_at)
    SELECT id, 'pending', created_at + interval '10 minutes', created_at + interval '40 minutes'
    FROM tickets_ticket WHERE id >= %s AND id %% 10 = 0""",
    """INSERT INTO core_procedurerun (procedure_id, version_id, subject_type, subject_id, category, state, step,
        department_id, owner_id, next_due_at, return_count, data, started_at, ended_at, end_reason)
    SELECT r.procedure_id, r.version_id, 'ticket', t.id, t.category,
        CASE WHEN t.closed_at IS NULL THEN 'running' ELSE 'done' END, 'respond', r.department_id, t.assignee_id,
        CASE WHEN t.closed_at IS NULL THEN t.created_at + interval '1 day' END,
        CASE WHEN t.id %% 1000 = 0 THEN 2 ELSE 0 END, '{}', t.created_at, t.closed_at, ''
    FROM tickets_ticket t, (SELECT r.* FROM core_procedurerun r JOIN core_procedure p ON p.id = r.procedure_id
        WHERE p.key = 'complaint' ORDER BY r.id LIMIT 1) r WHERE t.id >= %s""",
    """INSERT INTO tickets_normbreach (key, ticket_id, stage, kind, source, sla_clock_id, at, recorded_at, queue_id,
        assignee_id, reason, objection, withdrawal)
    SELECT 'clock:' || c.id, t.id, 'handled', 'time', 'clock', c.id, c.breached_at, c.breached_at, t.queue_id,
        t.assignee_id, '', '', '' FROM tickets_slaclock c JOIN tickets_ticket t ON t.id = c.ticket_id
    WHERE t.id >= %s AND c.breached_at IS NOT NULL ON CONFLICT DO NOTHING""",
)


class Complaints(grow.Town):
    """Copies of the demo's complaints; handling times and categories vary as those of a shop do."""

    def _patterns(self, rows: Any) -> list[dict[str, Any]]:
        return super()._patterns(rows.filter(type="complaint"))

    def tickets(self) -> Iterator[list[Any]]:
        at = {name: _COLUMNS.index(name) for name in ("solved_at", "closed_at", "created_at", "causes", "solve_count")}
        for number, row in enumerate(super().tickets()):
            if row[at["solved_at"]] is not None:
                spent = timedelta(seconds=self.random.lognormvariate(10, 1.2))
                row[at["solved_at"]] = row[at["created_at"]] + spent
                row[at["closed_at"]] = row[at["closed_at"]] and row[at["solved_at"]] + timedelta(days=1)
            row[at["causes"]] = self.random.sample(["quality", "people", "process", "logistics"], number % 3)
            yield row


def _copies(
    model: type[models.Model], pattern: Any, base: int, keys: list[tuple[int, datetime]]
) -> Iterator[list[Any]]:
    """One row like `pattern` for each (ticket, moment), numbered from `base`. Asks nothing while rows are copied in."""
    shapes = list(model._meta.local_concrete_fields)
    for pk, (ticket, moment) in enumerate(keys, base):
        row = {field.column: getattr(pattern, field.attname) for field in shapes}
        row |= {"id": pk, "ticket_id": ticket, "row_key": uuid.uuid4()}
        for name in ("granted_at", "decided_at", "started_at", "created_at"):
            if name in row:
                row[name] = moment
        row |= {name: "" for name in ("note", "cause", "remedy") if name in row}
        yield grow.plain(model, row | _own(model, pk, moment))


def _own(model: type[models.Model], pk: int, moment: datetime) -> dict[str, Any]:
    if model is Compensation:
        return {"approval_id": None, "status": "granted", "paid_at": None, "is_punitive": False}
    is_running = moment > datetime.now(UTC) - timedelta(days=3)
    done = None if is_running else moment + timedelta(days=2)
    return {
        "key": f"measure:{pk}",
        "case_id": None,
        "due_at": moment + timedelta(days=7),
        "met_at": done,
        "missed_at": None,
        "dropped_at": None,
        "explained_at": None,
    }


def fill(count: int) -> None:
    grow.OLDEST = timedelta(days=DAYS)
    town = Complaints(count, grow.pool_of(None))
    grow.copy(Ticket, town.tickets())
    grow.copy(SLAClock, town.ended_clocks())
    made = [(ticket, moment) for ticket, _pattern, moment, _text in town.made]
    for model, every in ((Compensation, 10), (LegalClock, 50)):
        rows: Any = model._default_manager.order_by("pk")
        grow.copy(model, _copies(model, rows.first(), rows.last().pk + 1, made[::every]))
    with connection.cursor() as cursor:
        for model in (Ticket, SLAClock, Compensation, LegalClock):
            last = model._default_manager.aggregate(last=models.Max("pk"))["last"]
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, last])
        for statement in _FOLLOWING:
            cursor.execute(statement, [town.first])
        cursor.execute("VACUUM ANALYZE")
    print(f"{Ticket.objects.filter(type='complaint').count()} complaints")


def addresses() -> tuple[list[str], list[str]]:
    """Pages and API lists that complaints stand behind."""
    today = datetime.now(UTC).date()
    month = f"from={today - timedelta(days=29)}&to={today}"
    quarter = f"from={today - timedelta(days=91)}&to={today}"
    newest = Ticket.objects.filter(type="complaint").exclude(assignee=None).order_by("-id").select_related("queue")[0]
    listed = [
        "",
        "&status=open",
        "&status=closed",
        f"&queue={newest.queue.key}",
        f"&assignee={newest.assignee_id}",
        "&priority=urgent",
        "&search=退款",
        "&search=关税",
        f"&{month}",
        f"&{month}&level=major",
        f"&{month}&category={newest.category}",
        f"&{month}&outcome=missed",
    ]
    reports = [
        f"/reports/{name}/?{days}"
        for name, days in itertools.product(("handling", "causes", "costs", "returns", "pyramid"), (month, quarter))
    ]
    pages = [f"/tickets/?type=complaint{words}" for words in listed]
    pages += ["/legal/", "/legal/?tab=done", "/complaints/duty/", "/breaches/", "/board/", *reports]
    asked = ("", "&status=open", "&level=major", f"&queue={newest.queue.key}", "&search=退款", "&overdue=true")
    return pages, [f"/api/v1/complaints/?page_size=20{words}" for words in asked]


def clients(username: str) -> tuple[Any, Any]:
    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.get(username=username)
    browser, api = Client(), APIClient()
    browser.force_login(user, backend="crm.staff.backends.RoleBackend")
    api.force_authenticate(user)
    return browser, api


def measured(get: Callable[[str], Any], path: str) -> tuple[int, float, float, int]:
    """Status, median and 95th percentile in milliseconds, statements."""
    get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = get(path)
        count = len(captured)
    spent = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        get(path)
        spent.append((time.perf_counter() - started) * 1000)
    spent.sort()
    return answer.status_code, statistics.median(spent), spent[int(len(spent) * 0.95) - 1], count


def times(only: str) -> None:
    pages, lists = addresses()
    for username in USERS:
        browser, api = clients(username)
        for client, paths in ((browser, pages), (api, lists)):
            for path in paths:
                if only in path:
                    status, middle, high, count = measured(client.get, path)
                    print(f"{high:7.0f} ms p95 {middle:7.0f} ms p50 {count:3d} statements {status} {username} {path}")


def plans(only: str) -> None:
    """The plan of the slowest statement of each address that contains `only`."""
    pages, lists = addresses()
    browser, api = clients(USERS[0])
    for client, paths in ((browser, pages), (api, lists)):
        for path in (one for one in paths if only in one):
            client.get(path)
            with CaptureQueriesContext(connection) as captured:
                client.get(path)
            slowest = max(captured.captured_queries, key=lambda query: float(query["time"]))
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {slowest['sql']}")
                print(path, slowest["sql"], *(line for (line,) in cursor.fetchall()), "", sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("fill", "times", "plans"))
    parser.add_argument("argument", nargs="?", default="")
    given = parser.parse_args()
    if given.what == "fill":
        fill(int(given.argument))
    else:
        (times if given.what == "times" else plans)(given.argument)


if __name__ == "__main__":
    main()
