"""Live news: one reader of events per process, handing each row to the open streams that may see it.

A nudge over Redis only says "look"; what is sent comes from the table, in an order to which nothing
is added later (`core.events.reading`), so a reader that resumes misses and repeats nothing.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from core import clock
from core.events.models import Event
from core.events.reading import readable, readable_until
from core.redis import EVENTS_CHANNEL, passing_channel

logger = logging.getLogger(__name__)

EVERYTHING = "*"
PAGE = 500
# A nudge may come before the row is readable, or not at all when Redis is away.
LOOK_SECONDS = 1.0
# A stream whose client does not keep up is ended at this many; the client resumes from the table.
BACKLOG_LIMIT = 1000

T = TypeVar("T")


class Subscription:
    """One open stream: what it may hear of, and what waits to be written to it."""

    def __init__(self, *, user_id: int, keys: frozenset[str]) -> None:
        self.user_id = user_id
        self.keys = keys
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        # Set when the person may have changed (role, team, active), or the client fell behind.
        self.needs_check = asyncio.Event()
        self.is_behind = False

    def hears(self, event: Event) -> bool:
        """Whether the audience of an event includes this stream."""
        return bool(event.audience) and (EVERYTHING in self.keys or not self.keys.isdisjoint(event.audience))

    def offer(self, event: Event) -> None:
        if event.subject_type == "user" and event.subject_id == self.user_id:
            self.needs_check.set()
        if not self.hears(event):
            return
        if self.events.qsize() >= BACKLOG_LIMIT:
            self.is_behind = True
            self.needs_check.set()
        else:
            self.events.put_nowait(event)


class Hub:
    """Reads new events once for all streams of this process. Lives as long as there are streams."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._position = 0
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def subscribe(self, subscription: Subscription) -> int:
        """Add a stream; it is offered every event after the returned id, and none before it."""
        async with self._starting:
            if self._reader is None or self._reader.done():
                self._position = await in_database(readable_until)
                self._reader = asyncio.create_task(self._read_on())
            self._subscriptions.add(subscription)
            return self._position

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        if not self._subscriptions and self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def _read_on(self) -> None:
        nudges = _Nudges()
        try:
            # Asked each time: a library on the way may swallow the cancellation.
            while self._reader is asyncio.current_task():
                try:
                    await self._look()
                except (DatabaseError, InterfaceError) as error:
                    logger.warning("Live streams wait for the database: %s", error)
                await nudges.wait(LOOK_SECONDS)
                self._pass_on(nudges.passing())
        finally:
            await nudges.close()

    def _pass_on(self, news: list[dict[str, Any]]) -> None:
        """Passing news go to who may hear them now; they have no row, so nobody resumes from one."""
        for item in news:
            event = Event(
                kind=item["kind"],
                subject_type=item["subject_type"],
                subject_id=item["subject_id"],
                audience=item["audience"],
                payload=item["data"],
                at=clock.now(),
            )
            for subscription in self._subscriptions:
                subscription.offer(event)

    async def _look(self) -> None:
        while True:
            events = await in_database(lambda: list(readable(self._position)[:PAGE]))
            if self._reader is not asyncio.current_task():
                return
            for event in events:
                # Position and offers change without an await between them: no stream can join in the middle.
                self._position = event.pk
                for subscription in self._subscriptions:
                    subscription.offer(event)
            if len(events) < PAGE:
                return


class _Nudges:
    """The Redis channel, reconnected as needed; without it `wait` is a plain pause."""

    def __init__(self) -> None:
        self._client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1)
        self._channel: Any = None
        self._passing: list[dict[str, Any]] = []

    def passing(self) -> list[dict[str, Any]]:
        """The passing news heard since the last call."""
        heard, self._passing = self._passing, []
        return heard

    async def wait(self, seconds: float) -> None:
        """Return at the next nudge, or after `seconds`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        try:
            if self._channel is None:
                channel = self._client.pubsub(ignore_subscribe_messages=True)
                await channel.subscribe(EVENTS_CHANNEL, passing_channel())
                self._channel = channel
            while (left := until - loop.time()) > 0:
                message = await self._channel.get_message(timeout=left)
                if message is not None:
                    self._keep(message)
                    await self._swallow_more()
                    return
        except (redis.RedisError, OSError) as error:
            logger.warning("Live streams look once a second, Redis is away: %s", error)
            await self._drop_channel()
            await asyncio.sleep(max(0.0, until - loop.time()))

    async def _swallow_more(self) -> None:
        while (message := await self._channel.get_message(timeout=0)) is not None:
            self._keep(message)

    def _keep(self, message: dict[str, Any]) -> None:
        if message["channel"] != EVENTS_CHANNEL.encode():
            self._passing.append(json.loads(message["data"]))

    async def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.aclose()

    async def close(self) -> None:
        await self._drop_channel()
        await self._client.aclose()


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running event loop; a server process has one loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


async def missed_events(*, after: int, until: int, subscription: Subscription) -> tuple[Sequence[Event], int]:
    """The next page of what a stream missed, and the id from which to ask for more."""
    page = await in_database(lambda: list(readable(after).filter(id__lte=until)[:PAGE]))
    if len(page) < PAGE:
        return [event for event in page if subscription.hears(event)], until
    return [event for event in page if subscription.hears(event)], page[-1].pk


async def in_database(work: Callable[[], T]) -> T:
    """Run a query in a thread and give its connection back at once: streams live for hours, a pool does not.

    Not `sync_to_async`: that swallows the cancellation by which a server ends the stream of a client that left.
    """

    def run() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(run)
