"""Live news keeps to the same sight as lists and pages."""

import asyncio
from typing import Any

import pytest

from crm.staff.services.tokens import issue_token
from tests.core.test_live import opened
from tests.world import World, build_world
from tickets.models import Ticket
from tickets.services import conversation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.capability("J20")]

ALIEN = "other_agent"


def test_streams_tell_another_team_nothing(settings: Any, tmp_path: Any) -> None:
    """Neither live nor when resuming from the beginning."""
    settings.MEDIA_ROOT = tmp_path
    world = build_world()
    ticket = Ticket.objects.get(pk=world.ids["ticket"])
    tokens = {role: issue_token(user=world.people[role], actor=None)[1] for role in ("agent", ALIEN)}
    heard: dict[str, list[Any]] = {}

    async def listen(role: str) -> None:
        headers = {"authorization": f"Token {tokens[role]}", "last-event-id": "0"}
        async with opened(headers) as stream:
            await asyncio.to_thread(_speak, ticket, world)
            heard[role] = []
            try:
                while (event := await asyncio.wait_for(stream.event(), 3)) is not None:
                    heard[role].append(event)
            except TimeoutError:
                return

    for role in tokens:
        asyncio.run(listen(role))
    assert [event for event in heard["agent"] if event["subject"] == {"type": "ticket", "id": ticket.pk}]
    assert [event for event in heard[ALIEN] if event["subject"]["type"] in ("ticket", "customer")] == []


def _speak(ticket: Ticket, world: World) -> None:
    conversation.add_note(ticket=ticket, actor=world.people["agent"], body="内部备注")
