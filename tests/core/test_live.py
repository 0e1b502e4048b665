"""Live streams: who hears what, and that nothing is lost or doubled when a client comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.test import Client

from core.events import Event, record_event
from core.live import Hub, Subscription, current_hub, in_database
from crm.staff.models import User
from crm.staff.services import change_staff, issue_token

pytestmark = pytest.mark.django_db(transaction=True)

# Other transactions on the same server hold reading up; alone it takes milliseconds.
PATIENCE = 30


def note(kind: str = "ticket.created", subject_id: int = 1, audience: str = "all", **payload: Any) -> Event:
    return record_event(
        kind=kind, subject_type="ticket", subject_id=subject_id, actor=None, audience=audience, payload=payload
    )


def token_headers(user: User) -> dict[str, str]:
    return {"authorization": f"Token {issue_token(user=user, actor=None)[1]}"}


class OpenStream:
    """A client of /events/stream/ that speaks to the ASGI application directly."""

    def __init__(self, headers: dict[str, str], query: str = "") -> None:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/events/stream/",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in {"host": "testserver", **headers}.items()],
        }
        self._application = ApplicationCommunicator(get_asgi_application(), scope)
        self._buffer = ""
        self.status = 0
        self.last_id = ""

    async def open(self) -> None:
        await self._application.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self._application.receive_output(PATIENCE)
        self.status = start["status"]

    async def block(self) -> dict[str, str] | None:
        """The next block as name → value; None at the end of the stream."""
        while "\n\n" not in self._buffer:
            message = await self._application.receive_output(PATIENCE)
            self._buffer += message.get("body", b"").decode()
            if not message.get("more_body") and "\n\n" not in self._buffer:
                return None
        text, self._buffer = self._buffer.split("\n\n", 1)
        fields = dict(line.partition(": ")[::2] for line in text.splitlines())
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def event(self) -> dict[str, Any] | None:
        """The next event's data; None at the end of the stream."""
        while (block := await self.block()) is not None:
            if "data" in block:
                data: dict[str, Any] = json.loads(block["data"])
                assert block["event"] == data["type"]
                assert block["id"] == str(data["id"])
                return data
        return None

    async def subjects(self, count: int) -> list[int]:
        events = [await self.event() for _number in range(count)]
        return [event["subject"]["id"] for event in events if event is not None]

    async def close(self) -> None:
        await self._application.send_input({"type": "http.disconnect"})
        await self._application.wait(PATIENCE)


@asynccontextmanager
async def opened(headers: dict[str, str], query: str = "") -> AsyncIterator[OpenStream]:
    stream = OpenStream(headers, query)
    await stream.open()
    assert stream.status == 200
    first = await stream.block()
    assert first is not None
    assert "retry" in first
    try:
        yield stream
    finally:
        await stream.close()


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


async def write(*work: Callable[[], Any]) -> None:
    for step in work:
        await in_database(step)


class TestHearing:
    def test_an_event_arrives_under_its_public_name(self, agent: User) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            async with opened(headers) as stream:
                await write(lambda: note("ticket.assigned", 7, "all", queue=3))
                event = await stream.event()
            assert event is not None
            assert (event["type"], event["kind"]) == ("ticket.updated", "ticket.assigned")
            assert event["subject"] == {"type": "ticket", "id": 7}
            assert event["data"] == {"queue": 3}

        play(scenario)

    def test_only_what_one_may_see_arrives(self, agent: User, agent2: User) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            async with opened(headers) as stream:
                await write(
                    lambda: note(subject_id=1, audience="queue:999999"),
                    lambda: note(subject_id=2, audience=f"user:{agent2.pk}"),
                    lambda: note(subject_id=3, audience=""),
                    lambda: note("customer.updated", 4, "all"),
                    lambda: note(subject_id=5, audience=f"user:{agent.pk}"),
                )
                assert await stream.subjects(1) == [5]
            async with opened(headers, "last_event_id=0") as stream:
                assert await stream.subjects(1) == [5]

        play(scenario)

    def test_an_admin_hears_every_queue(self, admin: User) -> None:
        headers = token_headers(admin)

        async def scenario() -> None:
            async with opened(headers) as stream:
                await write(lambda: note(subject_id=1, audience="queue:999999"))
                assert await stream.subjects(1) == [1]

        play(scenario)

    def test_a_session_may_listen(self, agent: User) -> None:
        client = Client()
        client.force_login(agent)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

        async def scenario() -> None:
            async with opened({"cookie": cookies}) as stream:
                await write(lambda: note(subject_id=1))
                assert await stream.subjects(1) == [1]

        play(scenario)

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Token wrong"}, {"cookie": "sessionid=wrong"}])
    def test_strangers_may_not(self, headers: dict[str, str]) -> None:
        async def scenario() -> None:
            stream = OpenStream(headers)
            await stream.open()
            assert stream.status == 401

        play(scenario)

    @pytest.mark.parametrize("given", ["x", "-1", "1.5", "٣", "9" * 30])
    def test_a_wrong_place_to_resume_from_is_refused(self, agent: User, given: str) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            stream = OpenStream(headers, f"last_event_id={given}")
            await stream.open()
            assert stream.status == 400

        play(scenario)


class TestResuming:
    def test_what_happened_while_away_arrives_once_and_in_order(self, agent: User) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            async with opened(headers) as stream:
                await write(lambda: note(subject_id=1))
                assert await stream.subjects(1) == [1]
                place = stream.last_id
            await write(lambda: note(subject_id=2), lambda: note(subject_id=3))
            async with opened({**headers, "last-event-id": place}) as stream:
                await write(lambda: note(subject_id=4))
                assert await stream.subjects(3) == [2, 3, 4]

        play(scenario)

    def test_who_heard_nothing_yet_resumes_from_where_the_stream_was_opened(self, agent: User) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            await write(lambda: note(subject_id=1))
            async with opened(headers) as stream:
                place = stream.last_id
            await write(lambda: note(subject_id=2))
            async with opened(headers, f"last_event_id={place}") as stream:
                assert await stream.subjects(1) == [2]

        play(scenario)

    def test_dropping_all_the_time_loses_and_doubles_nothing(self, agent: User) -> None:
        headers = token_headers(agent)
        total = 60

        async def scenario() -> None:
            heard: list[int] = []
            place = "0"

            async def write_all() -> None:
                for number in range(total):
                    await write(lambda number=number: note(subject_id=number))

            writing = asyncio.create_task(write_all())
            while len(heard) < total:
                async with opened({**headers, "last-event-id": place}) as stream:
                    heard += await stream.subjects(min(7, total - len(heard)))
                    place = stream.last_id
            await writing
            assert heard == list(range(total))

        play(scenario)


class TestEnding:
    def test_a_deactivated_person_hears_no_more(self, agent: User, admin: User) -> None:
        headers = token_headers(agent)

        async def scenario() -> None:
            stream = OpenStream(headers)
            await stream.open()
            await stream.block()
            await write(lambda: change_staff(user=agent, actor=admin, is_active=False))
            async with asyncio.timeout(PATIENCE):
                assert await stream.event() is None

        play(scenario)

    def test_a_logged_out_session_hears_no_more(self, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("crm.workbench.streams.CHECK_SECONDS", 0.2)
        client = Client()
        client.force_login(agent)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

        async def scenario() -> None:
            stream = OpenStream({"cookie": cookies})
            await stream.open()
            await stream.block()
            await write(client.logout)
            async with asyncio.timeout(PATIENCE):
                assert await stream.event() is None

        play(scenario)

    def test_a_quiet_stream_says_that_it_lives(self, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("crm.workbench.streams.HEARTBEAT_SECONDS", 0.1)
        headers = token_headers(agent)

        async def scenario() -> None:
            async with opened(headers) as stream:
                assert await stream.block() == {"": "alive"}

        play(scenario)

    def test_a_client_that_does_not_keep_up_is_sent_away_to_resume(
        self, agent: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.live.BACKLOG_LIMIT", 2)
        subscription = Subscription(user_id=agent.pk, keys=frozenset({"all"}))

        async def scenario() -> None:
            for number in range(3):
                subscription.offer(Event(audience=["all"], subject_type="ticket", subject_id=number))
            assert subscription.is_behind
            assert subscription.needs_check.is_set()
            assert subscription.events.qsize() == 2

        play(scenario)


class TestHub:
    def test_one_query_serves_all_streams(self, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[int] = []
        original = Hub._look

        async def counted(hub: Hub) -> None:
            looks.append(1)
            await original(hub)

        monkeypatch.setattr(Hub, "_look", counted)
        subscriptions = [Subscription(user_id=number, keys=frozenset({"all"})) for number in range(200)]

        async def scenario() -> None:
            hub = current_hub()
            for subscription in subscriptions:
                await hub.subscribe(subscription)
            before = len(looks)
            await write(note)
            for subscription in subscriptions:
                await asyncio.wait_for(subscription.events.get(), PATIENCE)
            # One for the nudge, one a second otherwise; not one for each stream.
            assert len(looks) - before <= 2 + PATIENCE
            for subscription in subscriptions:
                hub.unsubscribe(subscription)

        play(scenario)

    def test_without_redis_news_still_arrive(self, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.events.recording.publish_nudge", lambda: False)
        monkeypatch.setattr("core.live.EVENTS_CHANNEL", "kean:nobody-writes-here")
        monkeypatch.setattr("core.live.LOOK_SECONDS", 0.05)
        headers = token_headers(agent)

        async def scenario() -> None:
            async with opened(headers) as stream:
                await write(lambda: note(subject_id=1))
                assert await stream.subjects(1) == [1]

        play(scenario)

    def test_a_reader_that_is_not_needed_any_more_ends(self) -> None:
        """Even when a library swallows its cancellation, two readers never share the hub."""

        async def scenario() -> None:
            hub = current_hub()
            subscription = Subscription(user_id=1, keys=frozenset({"all"}))
            await hub.subscribe(subscription)
            reader = hub._reader
            assert reader is not None
            hub._reader = None
            hub.unsubscribe(subscription)
            await asyncio.wait_for(reader, PATIENCE)

        play(scenario)
