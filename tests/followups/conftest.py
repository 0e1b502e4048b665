"""The desk of the ticket tests, and tickets brought to an end through the services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.staff.models import User
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tickets.models import Ticket
from tickets.services import conversation, transitions

__all__ = ["client_of", "desk", "end", "frozen", "make_ticket", "solve"]

Committed = Callable[[], Any]


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture(autouse=True)
def _no_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts in an engine that other test runs share."""
    monkeypatch.setattr("crm.followups.views.hit", lambda limit, identity: 0)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """`with committed():` what happens on commit happens at the end of the block."""

    @contextmanager
    def block() -> Iterator[None]:
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return block


@pytest.fixture
def solve(desk: Desk, agent: User, committed: Committed) -> Callable[..., Ticket]:
    """Answer the ticket and solve it, as the agent."""

    def run(ticket: Ticket) -> Ticket:
        with committed():
            if ticket.assignee_id is None:
                transitions.assign(ticket=ticket, actor=agent)
            conversation.reply(ticket=ticket, actor=agent, body="已经为您处理好了。")
            transitions.solve(ticket=ticket, actor=agent)
        ticket.refresh_from_db()
        return ticket

    return run


@pytest.fixture
def end(solve: Callable[[Ticket], Ticket], agent: User, committed: Committed) -> Callable[..., Ticket]:
    """Solve and close."""

    def run(ticket: Ticket) -> Ticket:
        solve(ticket)
        with committed():
            transitions.close(ticket=ticket, actor=agent)
        ticket.refresh_from_db()
        return ticket

    return run
