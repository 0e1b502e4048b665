"""Sealing new events, and checking the seals."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from core.audit.models import EventSeal
from core.events import Event, readable

logger = logging.getLogger(__name__)

START = hashlib.sha256("客安 Kean".encode()).digest()
BATCH = 2000
_SEAL_LOCK = 0x5EA1


@dataclass(frozen=True)
class Verdict:
    """What checking found. `broken_event` is the first entry that does not fit, None when all do."""

    checked: int
    head: str
    broken_event: int | None = None
    fault: str = ""


def digest_of(event: Event, before: bytes) -> bytes:
    """The link of an event after the link before it: everything the row says, in one fixed form."""
    said = [
        event.pk,
        event.kind,
        event.actor_id,
        event.subject_type,
        event.subject_id,
        list(event.audience),
        event.payload,
        event.at.astimezone(UTC).isoformat(),
    ]
    text = json.dumps(said, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def seal(*, limit: int = 20_000) -> int:
    """Seal events that nothing can be put before any more. Returns how many."""
    done = 0
    while done < limit:
        count = _seal_batch()
        done += count
        if count < BATCH:
            break
    return done


@transaction.atomic
def _seal_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
    last = EventSeal.objects.order_by("-event_id").first()
    link = bytes(last.digest) if last else START
    seals = []
    for event in readable(last.event_id if last else 0)[:BATCH]:
        link = digest_of(event, link)
        seals.append(EventSeal(event_id=event.pk, digest=link))
    EventSeal.objects.bulk_create(seals)
    if seals:
        logger.info("History sealed up to event %s: %s", seals[-1].event_id, link.hex())
    return len(seals)


def verify(*, head: str = "") -> Verdict:
    """Walk the chain from its beginning. `head` is a link kept elsewhere that must occur in it."""
    last = EventSeal.objects.order_by("-event_id").values_list("event_id", flat=True).first() or 0
    events = Event.objects.filter(pk__lte=last).order_by("pk").iterator(chunk_size=BATCH)
    return walk(events, EventSeal.objects.order_by("event_id").iterator(chunk_size=BATCH), head=head)


def walk(events: Iterator[Event], seals: Iterator[Any], *, link: bytes = START, head: str = "") -> Verdict:
    """Events and their seals (rows with `event_id` and `digest`) side by side, both in order, from the link before
    the first. Stops at the first fault."""
    checked, seen_head = 0, not head
    for event, stored in _pairs(events, seals):
        if event is None or stored is None:
            known = stored.event_id if stored is not None else getattr(event, "pk", None)
            fault = "deleted" if event is None else "inserted"
            return Verdict(checked, link.hex(), known, fault)
        link = digest_of(event, link)
        if link != bytes(stored.digest):
            return Verdict(checked, link.hex(), event.pk, "changed")
        seen_head = seen_head or link.hex() == head
        checked += 1
    if not seen_head:
        return Verdict(checked, link.hex(), None, "head_missing")
    return Verdict(checked, link.hex())


def _pairs(events: Iterator[Event], seals: Iterator[Any]) -> Iterator[tuple[Event | None, Any]]:
    event, stored = next(events, None), next(seals, None)
    while event is not None or stored is not None:
        if stored is None or (event is not None and event.pk < stored.event_id):
            yield event, None
            event = next(events, None)
        elif event is None or stored.event_id < event.pk:
            yield None, stored
            stored = next(seals, None)
        else:
            yield event, stored
            event, stored = next(events, None), next(seals, None)
