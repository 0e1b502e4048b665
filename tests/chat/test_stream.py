"""The visitor's live stream: their own messages only, in order, without loss or doubling when it is cut."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from core.live import in_database
from crm.staff.models import User
from tickets.models import Channel, Chat, Ticket
from tickets.services import conversation, transitions
from tickets.services.chat import conversations, showing, visitors
from tickets.services.chat.conversations import Said

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30


class Stream:
    """A visitor's stream, spoken to the ASGI application directly."""

    def __init__(self, token: str, last_id: str = "", key: str = "webchat") -> None:
        headers = {"host": "testserver", "authorization": f"Visitor {token}"}
        if last_id:
            headers["last-event-id"] = last_id
        path = f"/chat/{key}/stream/"
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self._application = ApplicationCommunicator(get_asgi_application(), scope)
        self._buffer = ""
        self.last_id = last_id
        self.status = 0

    async def open(self) -> "Stream":
        await self._application.send_input({"type": "http.request", "body": b"", "more_body": False})
        self.status = (await self._application.receive_output(PATIENCE))["status"]
        return self

    async def next(self, kind: str) -> dict[str, Any]:
        """The data of the next event of that kind."""
        while True:
            while "\n\n" not in self._buffer:
                self._buffer += (await self._application.receive_output(PATIENCE)).get("body", b"").decode()
            text, self._buffer = self._buffer.split("\n\n", 1)
            fields = dict(line.partition(": ")[::2] for line in text.splitlines())
            self.last_id = fields.get("id", self.last_id)
            if fields.get("event") == kind:
                return json.loads(fields["data"])  # type: ignore[no-any-return]

    async def close(self) -> None:
        await self._application.send_input({"type": "http.disconnect"})
        await self._application.wait(PATIENCE)


@pytest.fixture
def token(channel: Channel) -> str:
    return visitors.welcome(channel=channel)


def say(token: str, body: str, number: int) -> None:
    visitor = visitors.visitor_by(channel=Channel.objects.get(key="webchat"), token=token)
    assert visitor is not None
    conversations.say(visitor=visitor, said=Said(client_id=f"client-{number:04d}", body=body))


def alone(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


@pytest.mark.capability("B06")
def test_replies_arrive_and_a_cut_line_goes_on_without_loss_or_doubling(
    channel: Channel, agent: User, token: str
) -> None:
    say(token, "在吗", 1)
    ticket = Ticket.objects.get()
    visitor = Chat.objects.get().visitor

    async def walk() -> list[str]:
        heard = []
        stream = await Stream(token).open()
        await stream.next("state")
        for number in range(6):
            body = f"第{number}句"
            await in_database(lambda body=body: conversation.reply(ticket=ticket, actor=agent, body=body))
            if number % 2:
                heard.append((await stream.next("message"))["body"])
                continue
            # Cut before it was heard, and something more is said meanwhile.
            await stream.close()
            await in_database(lambda body=body: conversation.add_note(ticket=ticket, actor=agent, body=f"备注{body}"))
            stream = await Stream(token, stream.last_id).open()
            heard.append((await stream.next("message"))["body"])
        await stream.close()
        return heard

    heard = alone(walk())
    assert heard == [f"第{number}句" for number in range(6)]
    assert [row["body"] for row in showing.transcript(visitor) if row["kind"] == "agent"] == heard


@pytest.mark.capability("B23")
def test_the_place_moves_up_live(channel: Channel, agent: User, token: str) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=0)
    say(visitors.welcome(channel=channel), "先来的", 1)
    say(token, "后来的", 2)
    first = Ticket.objects.order_by("pk").first()
    assert first is not None

    async def walk() -> list[Any]:
        stream = await Stream(token).open()
        found = [(await stream.next("state"))["position"]]
        await in_database(lambda: User.objects.filter(pk=agent.pk).update(concurrency_limit=1))
        await in_database(lambda: transitions.assign(ticket=first, actor=agent))
        found.append((await stream.next("state"))["position"])
        await stream.close()
        return found

    assert alone(walk()) == [2, 1]


def test_nobody_hears_of_the_conversations_of_others(channel: Channel, agent: User, token: str) -> None:
    stranger = visitors.welcome(channel=channel)
    say(stranger, "别人的话", 1)
    say(token, "我的话", 2)
    theirs, mine = Ticket.objects.order_by("pk")

    async def walk() -> str:
        stream = await Stream(token).open()
        await stream.next("state")
        await in_database(lambda: conversation.reply(ticket=theirs, actor=agent, body="给别人的"))
        await in_database(lambda: conversation.reply(ticket=mine, actor=agent, body="给我的"))
        body: str = (await stream.next("message"))["body"]
        await stream.close()
        return body

    assert alone(walk()) == "给我的"


def test_without_the_token_or_with_a_wrong_id_there_is_no_stream(channel: Channel, token: str) -> None:
    async def statuses() -> list[int]:
        streams = (Stream("wrong"), Stream(token, "x"), Stream(token, key="nothing"))
        return [(await stream.open()).status for stream in streams]

    assert alone(statuses()) == [401, 400, 404]
