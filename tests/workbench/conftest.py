"""People at their browsers, on the desk of the ticket tests."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.staff.models import User
from tests.tickets.conftest import Desk, desk, frozen, make_ticket

__all__ = ["Desk", "browser", "desk", "frozen", "make_ticket", "text"]

Browser = Callable[[User], Client]


def browser(user: User) -> Client:
    """A browser in which the person is logged in."""
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def text(answer: Any, status: int = 200) -> str:
    """The page's words; says what came instead when the status is another."""
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


@pytest.fixture
def no_export_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts in an engine that other test runs share."""
    monkeypatch.setattr("core.exports.hit", lambda limit, identity: 0)
