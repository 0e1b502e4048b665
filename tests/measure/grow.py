"""Fill a database that holds the demo with many past tickets, for measuring how pages grow.

    DATABASE_URL=… python tests/measure/grow.py 100000 --texts messages.jsonl

Every new ticket is a copy of a ticket of the demo with its own number, moment, text, messages and
clocks. Nearly all are closed, as in a shop of some years; the open ones grow with the square root.
Never run it on a database that is used.
"""

import argparse
import json
import os
import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import connection, models  # noqa: E402 (the settings come first)

from core.privacy.cipher import encrypt  # noqa: E402
from tickets.models import SLAClock, Ticket, TicketMessage  # noqa: E402
from tickets.readable import preview, search_words  # noqa: E402

OLDEST = timedelta(days=3 * 365)
MESSAGES = 3
LONG_TICKET_EVERY, LONG_TICKET_MESSAGES = 1000, 20


def pool_of(path: str | None) -> list[tuple[str, str]]:
    """(text, its search vector) for every line of a JSONL file with a "text"."""
    lines = Path(path).read_text().splitlines() if path else []
    texts = [json.loads(line)["text"] for line in lines[:4000]] or [
        "快递什么时候到",
        "退款还没有到账",
        "商品有质量问题",
    ]
    return [(text, vector(text)) for text in texts]


def vector(text: str) -> str:
    words = sorted(set(search_words(text).split()))
    return " ".join("'{}':{}".format(word.replace("'", "''"), place) for place, word in enumerate(words, 1))


def columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.local_concrete_fields]


def copy(model: type[models.Model], rows: Iterator[Sequence[Any]]) -> None:
    names = ", ".join(connection.ops.quote_name(name) for name in columns(model))
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as target:
        for row in rows:
            target.write_row(row)


def plain(model: type[models.Model], row: dict[str, Any]) -> list[Any]:
    jsons = {field.column for field in model._meta.local_concrete_fields if isinstance(field, models.JSONField)}
    return [json.dumps(row[name]) if name in jsons else row[name] for name in columns(model)]


class Town:
    """Draws tickets; the same seed gives the same tickets."""

    def __init__(self, count: int, pool: list[tuple[str, str]]) -> None:
        self.random = random.Random(count)
        self.pool = pool
        self.count = count
        self.now = datetime.now(UTC)
        self.closed = self._patterns(Ticket.objects.filter(status="closed"))
        self.open = self._patterns(Ticket.objects.filter(status__in=["new", "open", "pending", "on_hold"]))
        self.first, self.first_message = self._next(Ticket), self._next(TicketMessage)
        self.first_clock = self._next(SLAClock)
        self.share_open = min(0.1, 3 * count**0.5 / count)
        self.clocks = [(clock, clock["ticket_id"]) for clock in SLAClock.objects.values()]
        self.of: dict[int, list[dict[str, Any]]] = {}
        for clock, ticket in self.clocks:
            self.of.setdefault(ticket, []).append(clock)
        self.made: list[tuple[int, int, datetime, str]] = []

    def _patterns(self, rows: Any) -> list[dict[str, Any]]:
        names = {field.attname: field.column for field in Ticket._meta.local_concrete_fields}
        return [{names[key]: value for key, value in row.items()} for row in rows.values()]

    def _next(self, model: type[models.Model]) -> int:
        return (model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1

    def tickets(self) -> Iterator[list[Any]]:
        for number in range(self.count):
            age = OLDEST * (1 - number / self.count)
            is_open = self.random.random() < self.share_open
            pattern = self.random.choice(self.open if is_open else self.closed)
            row = dict(pattern)
            moment = self.now - (timedelta(hours=self.random.uniform(0, 72)) if is_open else age)
            shift = moment - pattern["created_at"]
            for name, value in row.items():
                if isinstance(value, datetime):
                    row[name] = value + shift
            text, words = self.random.choice(self.pool)
            pk = self.first + number
            row |= {
                "id": pk,
                "row_key": uuid.UUID(int=self.random.getrandbits(128), version=4),
                "number": f"9{pk:013d}",
                "external_id": "",
                "inbound_id": None,
                "merged_into_id": None,
                "possible_duplicate_of_id": None,
                "duplicate_digest": None,
                "order_no": f"G{pk:012d}" if row["order_no"] else "",
                "subject": text[:60],
                "last_message_preview": preview(text),
                "search": words,
            }
            self.made.append((pk, pattern["id"], moment, text))
            yield plain(Ticket, row)

    def messages(self) -> Iterator[list[Any]]:
        table = TicketMessage._meta.db_table
        pk = self.first_message
        for number, (ticket, _pattern, moment, text) in enumerate(self.made):
            count = LONG_TICKET_MESSAGES if number % LONG_TICKET_EVERY == 0 else MESSAGES
            for place in range(count):
                key = uuid.UUID(int=self.random.getrandbits(128), version=4)
                row = dict.fromkeys(columns(TicketMessage)) | {
                    "id": pk,
                    "row_key": key,
                    "ticket_id": ticket,
                    "kind": "reply" if place % 2 else "customer",
                    "body": encrypt(text, f"{table}.body.{key}"),
                    "external_id": "",
                    "created_at": moment + timedelta(minutes=place),
                }
                pk += 1
                yield plain(TicketMessage, row)

    def ended_clocks(self) -> Iterator[list[Any]]:
        pk = self.first_clock
        for ticket, pattern, moment, _text in self.made:
            for clock in self.of.get(pattern, ()):
                shift = moment - clock["started_at"]
                row = dict(clock) | {"id": pk, "ticket_id": ticket}
                moved = {name: value + shift for name, value in row.items() if isinstance(value, datetime)}
                pk += 1
                yield plain(SLAClock, row | moved)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--texts")
    parser.add_argument("--without-messages", action="store_true")
    arguments = parser.parse_args()
    town = Town(arguments.count, pool_of(arguments.texts))
    copy(Ticket, town.tickets())
    if not arguments.without_messages:
        copy(TicketMessage, town.messages())
        copy(SLAClock, town.ended_clocks())
    with connection.cursor() as cursor:
        for model in (Ticket, TicketMessage, SLAClock):
            table = model._meta.db_table
            last = model._default_manager.aggregate(last=models.Max("pk"))["last"]
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, last])
        cursor.execute("VACUUM ANALYZE")
    print(f"{Ticket.objects.count()} tickets")


if __name__ == "__main__":
    main()
