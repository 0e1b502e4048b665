"""Screens with customers' data say who looked at them (capability J09)."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.staff.models import User
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]


@pytest.mark.django_db
@pytest.mark.capability("J09")
def test_desk_and_customer_page_carry_name_and_moment(
    desk: Desk, make_ticket: Callable[..., Ticket], agent: User, client: Client
) -> None:
    ticket = make_ticket()
    client.force_login(agent)
    for path in (f"/desk/{ticket.number}/", f"/customers/{ticket.customer_id}/"):
        page = client.get(path).content.decode()
        assert page.count(f"{agent.name} {agent.username} · 20") >= 12, path
