"""Appending to the chain, and walking along it."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from core.audit.services import START, digest_of, walk
from core.events import Event, consume
from tickets.models import Compensation, GoodsInspection, LedgerEntry, Refund, Ticket
from tickets.models.ledger import LedgerFault

logger = logging.getLogger(__name__)

CONSUMER = "tickets.ledger"
PREFIXES = ("aftersales.", "refund.", "compensation.")
BATCH = 1000
_LOCK = 0x1ED6


@dataclass(frozen=True)
class Place:
    """A place in the chain: the entry walked last and its link."""

    number: int = 0
    link: bytes = START


@dataclass(frozen=True)
class Fault:
    """The first entry that does not fit; `number` is None for an event that has none."""

    kind: LedgerFault
    event_id: int
    number: int | None


def belongs(event: Event) -> bool:
    return event.kind.startswith(PREFIXES)


def append(events: Iterable[Event]) -> int:
    """Chain the events that belong into the ledger, in their order. For the consumer, which hands each over once."""
    found = [event for event in events if belongs(event)]
    if not found:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last: LedgerEntry | None = LedgerEntry.objects.order_by("-id").first()
        number, link = (last.number, bytes(last.digest)) if last else (0, START)
        tickets = _tickets_of(found)
        entries = []
        for number, event in enumerate(found, start=number + 1):  # noqa: B020 (goes on from the last number)
            link = digest_of(event, link)
            ticket = event.subject_id if event.subject_type == "ticket" else None
            entries.append(
                LedgerEntry(id=number, event_id=event.pk, ticket_id=ticket if ticket in tickets else None, digest=link)
            )
        LedgerEntry.objects.bulk_create(entries)
    logger.info("After-sales ledger up to entry %s: %s", number, link.hex())
    return len(entries)


def _tickets_of(events: Sequence[Event]) -> set[int]:
    ids = {event.subject_id for event in events if event.subject_type == "ticket" and event.subject_id is not None}
    return set(Ticket.objects.filter(pk__in=ids).values_list("pk", flat=True))


def catch_up(*, now: datetime | None = None) -> None:
    """Append everything that can be read now; for commands, which do not wait for the worker."""
    while consume(CONSUMER, _appended, now=now):
        pass


def _appended(events: list[Event]) -> None:
    append(events)


def walk_on(place: Place) -> tuple[Place, int, Fault | None]:
    """Walk the next portion: where it ended, how many entries fitted, and the first fault. Nothing left: 0 entries."""
    entries = list(LedgerEntry.objects.filter(pk__gt=place.number).order_by("pk")[:BATCH])
    if not entries:
        return place, 0, None
    gap = _gap(place, entries)
    if gap is not None:
        return place, 0, gap
    before = LedgerEntry.objects.filter(pk=place.number).values_list("event_id", flat=True).first() or 0
    prefixes = Q(*(Q(kind__startswith=prefix) for prefix in PREFIXES), _connector=Q.OR)
    between = Event.objects.filter(prefixes, pk__gt=before, pk__lte=entries[-1].event_id)
    events = list(between.order_by("pk"))
    verdict = walk(iter(events), iter(entries), link=place.link)
    if verdict.fault:
        numbers = {entry.event_id: entry.number for entry in entries}
        event_id = verdict.broken_event or 0
        return place, verdict.checked, Fault(LedgerFault(verdict.fault), event_id, numbers.get(event_id))
    differing = _differing(events, entries)
    if differing is not None:
        return place, verdict.checked, differing
    return Place(entries[-1].number, bytes(entries[-1].digest)), len(entries), None


def _gap(place: Place, entries: Sequence[LedgerEntry]) -> Fault | None:
    """An entry that is missing from the numbers."""
    for expected, entry in enumerate(entries, start=place.number + 1):
        if entry.number != expected:
            return Fault(LedgerFault.DELETED, entry.event_id, expected)
    return None


#: By the word of the payload: the table, the payload's field and the column it must agree with.
_ROWS: tuple[tuple[str, str, Any, str, str], ...] = (
    ("refund.requested", "refund", Refund, "amount", "amount"),
    ("compensation.granted", "compensation", Compensation, "amount", "amount"),
    ("compensation.requested", "compensation", Compensation, "amount", "amount"),
    ("aftersales.inspected", "aftersales", GoodsInspection, "result", "result"),
)


def _differing(events: Sequence[Event], entries: Sequence[LedgerEntry]) -> Fault | None:
    """The first entry whose row says something else now: sums and findings are never changed once they are there."""
    numbers = {entry.event_id: entry.number for entry in entries}
    found: list[Event] = []
    for kind, key, model, said, column in _ROWS:
        told = {event.payload[key]: event for event in events if event.kind == kind and said in event.payload}
        name = "aftersales_id" if model is GoodsInspection else "pk"
        rows = dict(model.objects.filter(**{f"{name}__in": told}).values_list(name, column))
        found += [event for pk, event in told.items() if str(rows.get(pk)) != str(event.payload[said])]
    if not found:
        return None
    first = min(found, key=lambda event: event.pk)
    return Fault(LedgerFault.ROW_DIFFERS, first.pk, numbers[first.pk])
