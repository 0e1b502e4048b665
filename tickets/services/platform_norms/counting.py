"""Counting what platforms count, event by event: no message is looked at twice and nothing is scanned.

A customer's message inside the norm's hours opens a turn with its own deadline; a person's reply ends
all open turns of the ticket. Automatic replies end none. Days are kept by shop and by who had to
answer: the assignee until the deadline, or whoever answered in time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from core.events import Event
from tickets.choices import ChannelKind, MessageKind, NormUnit
from tickets.events import CREATED, MERGED, MESSAGE, UPDATED
from tickets.models import Channel, PlatformNorm, PlatformTurn, Ticket
from tickets.services import catalogue

KINDS = (CREATED, MESSAGE, UPDATED, MERGED)
Place = tuple[int, int | None, int | None, date]

_ADD = """
INSERT INTO tickets_platformday AS d (norm_id, shop_id, agent_id, "on", asked, met, late, seconds)
SELECT * FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::date[], %s::int[], %s::int[], %s::int[], %s::bigint[])
ON CONFLICT (norm_id, shop_id, agent_id, "on") DO UPDATE SET
    asked = d.asked + excluded.asked, met = d.met + excluded.met,
    late = d.late + excluded.late, seconds = d.seconds + excluded.seconds
"""


@dataclass
class Change:
    """What is added to a day."""

    asked: int = 0
    met: int = 0
    late: int = 0
    seconds: int = 0


@dataclass
class Counting:
    """One batch: the open turns of its tickets, and what changes."""

    norms: list[PlatformNorm]
    open: dict[int, list[PlatformTurn]] = field(default_factory=lambda: defaultdict(list))
    counted: set[tuple[int, int, date]] = field(default_factory=set)
    made: list[PlatformTurn] = field(default_factory=list)
    touched: dict[int, PlatformTurn] = field(default_factory=dict)
    days: dict[Place, Change] = field(default_factory=lambda: defaultdict(Change))

    def read(self, events: Sequence[Event]) -> None:
        """The open turns, and which conversations were counted already: two statements."""
        named = [event.subject_id for event in events] + [event.payload.get("into") for event in events]
        tickets = {pk for pk in named if pk is not None}
        for turn in PlatformTurn.objects.filter(ticket_id__in=tickets, answered_at=None).order_by("event"):
            self.open[turn.ticket_id].append(turn)
        once = [norm.pk for norm in self.norms if norm.unit == NormUnit.CONVERSATION]
        if once:
            since = min(event.at for event in events) - timedelta(days=1)
            rows = PlatformTurn.objects.filter(ticket_id__in=tickets, norm_id__in=once, asked_at__gte=since)
            for ticket_id, norm_id, at in rows.values_list("ticket_id", "norm_id", "asked_at"):
                self.counted.add((ticket_id, norm_id, timezone.localtime(at).date()))

    def ask(self, event: Event, platform: str) -> None:
        """A customer wrote: a turn for every norm that counts it."""
        local = timezone.localtime(event.at)
        minute, day, ticket_id = local.hour * 60 + local.minute, local.date(), event.subject_id or 0
        for norm in self.norms:
            if norm.platform != platform or not norm.opens_minute <= minute < norm.closes_minute:
                continue
            if norm.effective_from is not None and day < norm.effective_from:
                continue
            if not self._counts(norm, ticket_id, day):
                continue
            turn = PlatformTurn(
                norm_id=norm.pk,
                ticket_id=ticket_id,
                event=event.pk,
                shop_id=event.payload.get("shop"),
                agent_id=event.payload.get("assignee"),
                asked_at=event.at,
                due_at=event.at + timedelta(seconds=norm.seconds),
            )
            self.made.append(turn)
            self.open[ticket_id].append(turn)
            self.counted.add((ticket_id, norm.pk, day))
            self._day(turn).asked += 1

    def answer(self, event: Event) -> None:
        """A person replied: every open turn of the ticket ends."""
        for turn in self.open.pop(event.subject_id or 0, []):
            in_time = event.at <= turn.due_at
            if in_time or turn.agent_id is None:
                self._give(turn, event.actor_id)
            turn.answered_at = event.at
            self._touch(turn)
            day = self._day(turn)
            day.seconds += max(int((event.at - turn.asked_at).total_seconds()), 0)
            if in_time:
                day.met += 1
            else:
                day.late += 1

    def hand_over(self, event: Event) -> None:
        """Somebody else is responsible now: for what is not late yet."""
        for turn in self.open.get(event.subject_id or 0, []):
            if turn.due_at > event.at:
                self._give(turn, event.payload.get("assignee"))
                self._touch(turn)

    def merge(self, event: Event) -> None:
        """The conversation goes on at another ticket."""
        into = event.payload["into"]
        for turn in self.open.pop(event.subject_id or 0, []):
            turn.ticket_id = into
            self.open[into].append(turn)
            self._touch(turn)

    def write(self) -> None:
        """Three statements at most."""
        PlatformTurn.objects.bulk_create(self.made)
        if self.touched:
            PlatformTurn.objects.bulk_update(self.touched.values(), ["ticket", "agent", "answered_at"], batch_size=500)
        rows = [(place, change) for place, change in self.days.items() if change != Change()]
        if rows:
            columns = zip(*((*place, c.asked, c.met, c.late, c.seconds) for place, c in rows), strict=True)
            with connection.cursor() as cursor:
                cursor.execute(_ADD, [list(column) for column in columns])

    def _counts(self, norm: PlatformNorm, ticket_id: int, day: date) -> bool:
        if norm.unit == NormUnit.TURN:
            return all(turn.norm_id != norm.pk for turn in self.open.get(ticket_id, []))
        if norm.unit == NormUnit.CONVERSATION:
            return (ticket_id, norm.pk, day) not in self.counted
        return True

    def _give(self, turn: PlatformTurn, agent_id: int | None) -> None:
        if turn.agent_id != agent_id:
            self._day(turn).asked -= 1
            turn.agent_id = agent_id
            self._day(turn).asked += 1

    def _touch(self, turn: PlatformTurn) -> None:
        if turn.pk is not None:
            self.touched[turn.pk] = turn

    def _day(self, turn: PlatformTurn) -> Change:
        place = (turn.norm_id, turn.shop_id, turn.agent_id, timezone.localtime(turn.asked_at).date())
        return self.days[place]


def count(events: Iterable[Event]) -> None:
    """Take a batch of events into account, in order."""
    wanted = [event for event in events if event.subject_id is not None]
    norms = catalogue.in_force().platform_norms
    if not norms or not wanted:
        return
    platforms = _Platforms()
    batch = Counting(norms)
    batch.read(wanted)
    for event in wanted:
        kind = event.payload.get("kind")
        if event.kind == CREATED or (event.kind == MESSAGE and kind == MessageKind.CUSTOMER):
            batch.ask(event, platforms.of(event))
        elif event.kind == MESSAGE and kind == MessageKind.REPLY and event.actor_id is not None:
            batch.answer(event)
        elif event.kind == UPDATED:
            batch.hand_over(event)
        elif event.kind == MERGED:
            batch.merge(event)
    batch.write()


class _Platforms:
    """Which platform's rules an event's ticket falls under."""

    def __init__(self) -> None:
        known = catalogue.in_force()
        self.channels = {channel.pk: channel for channel in known.channels.values()}
        self.shops = {shop.pk: shop.platform for shop in known.shops.values()}

    def of(self, event: Event) -> str:
        channel = self.channels.get(event.payload.get("channel") or 0)
        return platform_of(channel, self.shops.get(event.payload.get("shop") or 0, "")) if channel else ""


def platform_of(channel: Channel, shop_platform: str = "") -> str:
    """The platform of a shop's channel: its preset's, or its shop's. Other channels have none."""
    if channel.kind != ChannelKind.SHOP:
        return ""
    return channel.preset or shop_platform or (channel.shop.platform if channel.shop else "")


def has_norms(ticket: Ticket) -> bool:
    """Whether a platform counts what is said on this ticket. Asks no database while the configuration is at hand."""
    platform = platform_of(ticket.channel, ticket.shop.platform if ticket.shop else "")
    return bool(platform) and any(norm.platform == platform for norm in catalogue.in_force().platform_norms)
