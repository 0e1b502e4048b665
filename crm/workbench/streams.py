"""`/events/stream/`: server-sent events for the pages and for other systems."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.events import Event
from core.live import Subscription, current_hub, in_database, missed_events
from crm.integrations.catalogue import public_name
from crm.staff.api.authentication import ApiTokenAuthentication
from crm.staff.heartbeat import beat, last_beat
from crm.staff.middleware import SessionLimitsMiddleware
from crm.staff.models import User

HEARTBEAT_SECONDS = 15.0
# How often an open stream asks whether its person may still listen.
CHECK_SECONDS = 10.0
_RETRY_MILLISECONDS = 2000
_LARGEST_ID = 2**63 - 1
# Told to pages that are open, not to other systems: these names are no part of what webhooks promise.
_PAGES_ONLY = frozenset(
    {
        "staff.availability_changed",
        "shift.uncovered",
        "peak.switched",
        "notice.created",
        "presence.changed",
        "room.changed",
    }
)
# An open stream keeps no session alive: it ends with it.
_session_limits = SessionLimitsMiddleware(lambda request: HttpResponse())


@dataclass(frozen=True)
class Listener:
    """Who listens, and what they may hear of at this moment."""

    user_id: int
    keys: frozenset[str]


async def event_stream(request: HttpRequest) -> HttpResponseBase:
    """Open a stream. `Last-Event-ID` (header, or `last_event_id` in the address) resumes after that event."""
    if request.method != "GET":
        response: HttpResponse = _error(405, "method_not_allowed", _("只能用 GET。"))
        response["Allow"] = "GET"
        return response
    asked = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 20 and int(asked) <= _LARGEST_ID):
        return _error(400, "invalid", _("Last-Event-ID 须是之前收到的事件编号。"))
    listener = await in_database(lambda: identify(request))
    if listener is None:
        response = _error(401, "not_authenticated", _("请先登录或提供令牌。"))
        response["WWW-Authenticate"] = "Token"
        return response
    stream = StreamingHttpResponse(
        _stream(request, listener, int(asked) if asked else None), content_type="text/event-stream; charset=utf-8"
    )
    stream["Cache-Control"] = "no-cache, no-transform"
    stream["X-Accel-Buffering"] = "no"
    return stream


def identify(request: HttpRequest) -> Listener | None:
    """Who is asking, read anew: also called while the stream is open. None when they may not listen (any more)."""
    try:
        found = ApiTokenAuthentication().authenticate(Request(request))
    except AuthenticationFailed:
        return None
    user = found[0] if found else _user_of_session(request)
    if user is None or not user.is_active:
        return None
    # A fresh row: what a cached key says of teams and role may be half a minute old.
    fresh = User.objects.filter(pk=user.pk, is_active=True).select_related("presence").first()
    if fresh is not None:
        beat(fresh, last=last_beat(fresh))
    return Listener(fresh.pk, fresh.audience_keys()) if fresh else None


def _user_of_session(request: HttpRequest) -> User | None:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    probe = HttpRequest()
    probe.path = request.path
    probe.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    _session_limits.process_request(probe)
    user = get_user(probe)
    return user if isinstance(user, User) else None


def _error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"code": code, "message": message, "fields": {}}, status=status)


async def _stream(request: HttpRequest, listener: Listener, last_id: int | None) -> AsyncIterator[str]:
    # The connection that the middleware used would stay taken for as long as the stream is open.
    await sync_to_async(lambda: connection.close())()
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return  # the client left meanwhile, and sync_to_async swallowed the news
    subscription = Subscription(user_id=listener.user_id, keys=listener.keys)
    hub = current_hub()
    position = await hub.subscribe(subscription)
    try:
        after = position if last_id is None else last_id
        # An id without data: a client that hears nothing before it is cut off still resumes from here.
        yield f"retry: {_RETRY_MILLISECONDS}\nid: {after}\n\n"
        while after < position:
            missed, after = await missed_events(after=after, until=position, subscription=subscription)
            for frame in filter(None, map(_frame, missed)):
                yield frame
        async for frame in _live(request, subscription):
            yield frame
    finally:
        hub.unsubscribe(subscription)


async def _live(request: HttpRequest, subscription: Subscription) -> AsyncIterator[str]:
    """What happens from now on, until the person may not listen any more or falls behind."""
    checked = written = time.monotonic()
    while True:
        if subscription.is_behind:
            return
        if subscription.needs_check.is_set() or time.monotonic() - checked >= CHECK_SECONDS:
            subscription.needs_check.clear()
            if not await _may_go_on(request, subscription):
                return
            checked = time.monotonic()
        if time.monotonic() - written >= HEARTBEAT_SECONDS:
            yield ": alive\n\n"
            written = time.monotonic()
        pause = min(checked + CHECK_SECONDS, written + HEARTBEAT_SECONDS) - time.monotonic()
        event = await _next(subscription, max(0.0, pause))
        # What was queued before a change of sight is judged by the sight of now.
        if event is not None and subscription.hears(event) and (frame := _frame(event)):
            yield frame
            written = time.monotonic()


async def _next(subscription: Subscription, seconds: float) -> Event | None:
    """The next event; None after `seconds` or when the subscription needs a look."""
    waiting = [asyncio.ensure_future(subscription.events.get()), asyncio.ensure_future(subscription.needs_check.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            if not task.done():
                task.cancel()
    got = waiting[0]
    return got.result() if got.done() and not got.cancelled() else None  # type: ignore[return-value]


async def _may_go_on(request: HttpRequest, subscription: Subscription) -> bool:
    try:
        listener = await in_database(lambda: identify(request))
    except (DatabaseError, InterfaceError):
        return False  # the client comes back and resumes
    if listener is None or listener.user_id != subscription.user_id:
        return False
    subscription.keys = listener.keys
    return True


def _frame(event: Event) -> str:
    """One event on the wire; nothing for what has no name outside."""
    name = event.kind if event.kind in _PAGES_ONLY else public_name(event.kind)
    if name is None:
        return ""
    data = {
        "id": event.pk,
        "type": name,
        "kind": event.kind,
        "timestamp": event.at.isoformat(),
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "actor": event.actor_id,
        "data": event.payload,
    }
    # Passing news have no row: no id, so that a client resumes from the last that has one.
    first = f"id: {event.pk}\n" if event.pk is not None else ""
    return f"{first}event: {name}\ndata: {json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)}\n\n"
