"""Who waits is told the place and, when it can be told, about how long (capability B23)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from crm.staff.models import User
from tests.chat.conftest import new_visitor
from tests.tickets.conftest import Desk
from tickets.models import Channel, Ticket
from tickets.services.chat import conversations, showing, waiting

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B23")]

Write = Callable[..., Any]


def taken(desk: Desk, make_ticket: Callable[..., Ticket], minutes_ago: list[int], waited: int = 300) -> None:
    """Tickets of the queue that somebody took so many minutes ago, after they had waited."""
    for number, minutes in enumerate(minutes_ago):
        at = clock.now() - timedelta(minutes=minutes)
        ticket = make_ticket(f"早先的问题{number}")
        Ticket.objects.filter(pk=ticket.pk).update(
            created_at=at - timedelta(seconds=waited), accepted_at=at, status="solved", solved_at=at, assignee=None
        )


def places(*visitors: Any) -> list[tuple[int | None, int | None]]:
    found = [showing.state_of(conversations.current_chat(visitor)) for visitor in visitors]
    return [(state["position"], state["minutes"]) for state in found]


@pytest.fixture
def busy_agent(agent: User) -> User:
    """On duty, and at the limit."""
    User.objects.filter(pk=agent.pk).update(concurrency_limit=0)
    return agent


def test_places_are_those_of_the_dispatcher_and_move_up(
    channel: Channel, write: Write, desk: Desk, agent: User, frozen: Any
) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=0)
    first, second, third = (new_visitor(channel) for _n in range(3))
    for visitor in (first, second, third):
        write(visitor, "排队")
        frozen.shift(1)
    assert [place for place, _minutes in places(first, second, third)] == [1, 2, 3]
    ticket = Ticket.objects.get(chat__visitor=first)
    Ticket.objects.filter(pk=ticket.pk).update(status="open", assignee=agent, accepted_at=clock.now())
    assert [place for place, _minutes in places(first, second, third)] == [None, 1, 2]


def test_the_estimate_is_the_place_times_the_interval_of_the_last_takes(
    channel: Channel, write: Write, desk: Desk, busy_agent: User, make_ticket: Callable[..., Ticket], frozen: Any
) -> None:
    # Five were taken in the last ten minutes: one every two.
    taken(desk, make_ticket, [2, 4, 6, 8, 10])
    first, second = new_visitor(channel), new_visitor(channel)
    write(first, "排队")
    frozen.shift(1)
    write(second, "排队")
    assert places(first, second) == [(1, 3), (2, 5)]  # a second more than two and four minutes, told in full ones


@pytest.mark.parametrize(
    ("minutes_ago", "waited", "why"),
    [
        ([2, 4, 6, 8], 300, "four takes are too few"),
        ([2, 4, 6, 8, 10], 3, "nobody of them had to wait"),
        ([121, 122, 123, 124, 125], 300, "too long ago"),
        ([20, 40, 80, 100, 119], 300, "would be longer than an hour for the third place"),
    ],
)
def test_no_estimate_where_none_can_be_made(
    channel: Channel,
    write: Write,
    desk: Desk,
    busy_agent: User,
    make_ticket: Callable[..., Ticket],
    frozen: Any,
    minutes_ago: list[int],
    waited: int,
    why: str,
) -> None:
    taken(desk, make_ticket, minutes_ago, waited)
    visitors = [new_visitor(channel) for _n in range(3)]
    for visitor in visitors:
        write(visitor, "排队")
        frozen.shift(1)
    assert places(visitors[-1]) == [(3, None)], why
    assert "分钟" not in showing.state_of(conversations.current_chat(visitors[-1]))["notice"]


def test_no_estimate_when_nobody_is_on_duty(
    channel: Channel, write: Write, desk: Desk, agent: User, make_ticket: Callable[..., Ticket], frozen: Any
) -> None:
    taken(desk, make_ticket, [2, 4, 6, 8, 10])
    User.objects.filter(pk=agent.pk).update(availability="break")
    visitor = new_visitor(channel)
    write(visitor, "排队")
    assert places(visitor) == [(1, None)]


def test_who_is_served_or_done_has_no_place(channel: Channel, write: Write, agent: User, desk: Desk) -> None:
    visitor = new_visitor(channel)
    assert conversations.current_chat(visitor) is None
    write(visitor, "你好")
    ticket = Ticket.objects.get()
    assert ticket.assignee == agent
    assert waiting.place_of(ticket) is None
