"""A visitor's live stream: their messages and where they stand, in the order of the events.

The same events and the same reader as the pages of the agents (`core.live`); a visitor hears of their own
ticket and, while they wait, that the queue moved. `Last-Event-ID` goes on after that event.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import Event
from core.live import Subscription, current_hub, in_database, missed_events
from core.rate_limits import client_ip
from tickets import events
from tickets.api.chat import BY_ADDRESS, LOOKS, limit, token_of
from tickets.models import ChatVisitor
from tickets.services.chat import conversations, showing, visitors

HEARTBEAT_SECONDS = 15.0
#: While somebody waits, the place is looked at after the queue moved, at most this often, and at least this often.
STATE_SECONDS = 1.0
STATE_AGAIN_SECONDS = 20.0
#: A stream ends after this time and the browser comes back: a visitor or channel removed meanwhile is noticed.
LONGEST_SECONDS = 600.0
_RETRY_MILLISECONDS = 2000
_LARGEST_ID = 2**63 - 1


class VisitorSubscription(Subscription):
    """Hears of the visitor's tickets and of tickets that come or go in the queue they wait in."""

    def __init__(self) -> None:
        super().__init__(user_id=0, keys=frozenset())
        self.ticket_ids: frozenset[int] = frozenset()
        self.queue_id: int | None = None

    def hears(self, event: Event) -> bool:
        if event.subject_type != "ticket":
            return False
        if event.subject_id in self.ticket_ids:
            return True
        return self.queue_id is not None and event.payload.get("queue") == self.queue_id


async def chat_stream(request: HttpRequest, key: str) -> HttpResponseBase:
    """Open a visitor's stream."""
    if request.method != "GET":
        refusal = _error(405, "method_not_allowed", _("只能用 GET。"))
        refusal["Allow"] = "GET"
        return refusal
    asked = request.headers.get("Last-Event-ID", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 20 and int(asked) <= _LARGEST_ID):
        return _error(400, "invalid", _("Last-Event-ID 须是之前收到的事件编号。"))
    try:
        visitor = await in_database(lambda: identify(request, key))
    except DomainError as error:
        return _error(error.status, error.code, error.message)
    if visitor is None:
        refusal = _error(401, "not_authenticated", _("会话已失效，请刷新页面。"))
        refusal["WWW-Authenticate"] = "Visitor"
        return refusal
    language = translation.get_language() or ""
    stream = StreamingHttpResponse(
        _stream(visitor, int(asked) if asked else None, language), content_type="text/event-stream; charset=utf-8"
    )
    stream["Cache-Control"] = "no-cache, no-transform"
    stream["X-Accel-Buffering"] = "no"
    return stream


def identify(request: HttpRequest, key: str) -> ChatVisitor | None:
    """Who is asking, by the token in the header. Raises NotFound and RateLimited."""
    limit(BY_ADDRESS, f"ip:{client_ip(request)}")
    channel = visitors.channel_for_chat(key)
    found = visitors.visitor_by(channel=channel, token=token_of(request.headers.get("Authorization", "")))
    if found is None:
        return None
    found.channel = channel
    limit(LOOKS, f"visitor:{found.pk}")
    return found


def _error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"code": code, "message": message, "fields": {}}, status=status)


async def _stream(visitor: ChatVisitor, last_id: int | None, language: str) -> AsyncIterator[str]:
    # The connection that the middleware used would stay taken for as long as the stream is open.
    await sync_to_async(lambda: connection.close())()
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return  # the client left meanwhile, and sync_to_async swallowed the news
    subscription = VisitorSubscription()
    wire = _Wire(visitor, subscription, language)
    hub = current_hub()
    try:
        # What to hear of is known before the first event can come.
        state = await wire.state()
        position = await hub.subscribe(subscription)
        after = position if last_id is None else last_id
        yield f"retry: {_RETRY_MILLISECONDS}\nid: {after}\n\n{state}"
        while after < position:
            missed, after = await missed_events(after=after, until=position, subscription=subscription)
            yield await wire.messages(missed)
        async for frame in _live(wire, subscription):
            yield frame
    except (DatabaseError, InterfaceError):
        return  # the browser comes back and resumes
    finally:
        hub.unsubscribe(subscription)


async def _live(wire: "_Wire", subscription: VisitorSubscription) -> AsyncIterator[str]:
    """What happens from now on; ends when the client falls behind or the time is over."""
    started = told = looked = time.monotonic()
    is_stale = False
    while not subscription.is_behind and time.monotonic() - started < LONGEST_SECONDS:
        due = looked + (STATE_SECONDS if is_stale else STATE_AGAIN_SECONDS)
        event = await _next(subscription, min(due, told + HEARTBEAT_SECONDS) - time.monotonic())
        if event is not None:
            frame = await wire.messages([event])
            is_stale = True
            if frame:
                yield frame
                told = time.monotonic()
        if time.monotonic() >= looked + (STATE_SECONDS if is_stale else STATE_AGAIN_SECONDS):
            frame = await wire.state(only_changes=True)
            looked, is_stale = time.monotonic(), False
            if frame:
                yield frame
                told = looked
        if time.monotonic() - told >= HEARTBEAT_SECONDS:
            yield ": alive\n\n"
            told = time.monotonic()


async def _next(subscription: VisitorSubscription, seconds: float) -> Event | None:
    try:
        return await asyncio.wait_for(subscription.events.get(), max(0.01, seconds))
    except TimeoutError:
        return None


class _Wire:
    """Writes events and states; remembers the last state to tell only changes."""

    def __init__(self, visitor: ChatVisitor, subscription: VisitorSubscription, language: str) -> None:
        self._visitor = visitor
        self._subscription = subscription
        self._language = language
        self._told: dict[str, Any] | None = None

    async def messages(self, found: Sequence[Event]) -> str:
        """Frames of the public messages among the events."""
        wanted = {
            event.payload["message"]: event.pk
            for event in found
            if event.kind == events.MESSAGE and event.subject_id in self._subscription.ticket_ids
        }
        return await in_database(lambda: self._frames(wanted)) if wanted else ""

    def _frames(self, wanted: dict[int, int]) -> str:
        rows = {row.pk: row for row in showing.messages_of(self._visitor).filter(pk__in=wanted)}
        with translation.override(self._language):
            return "".join(
                f"id: {event_id}\nevent: message\ndata: {_json(showing.shown(rows[pk], self._visitor))}\n\n"
                for pk, event_id in wanted.items()
                if pk in rows
            )

    async def state(self, *, only_changes: bool = False) -> str:
        """A frame with where the visitor stands; without an id, because it is no event."""
        state = await in_database(self._look)
        if only_changes and state == self._told:
            return ""
        self._told = state
        return f"event: state\ndata: {_json(state)}\n\n"

    def _look(self) -> dict[str, Any]:
        """The state now; also what the subscription hears from now on."""
        with translation.override(self._language):
            chat = conversations.current_chat(self._visitor)
            ticket = conversations.final_ticket(chat) if chat else None
            state = showing.state_of(chat)
        if ticket is not None and chat is not None:
            self._subscription.ticket_ids = frozenset(filter(None, {ticket.pk, chat.ticket_id}))
        self._subscription.queue_id = ticket.queue_id if ticket is not None and state["position"] else None
        return state


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
