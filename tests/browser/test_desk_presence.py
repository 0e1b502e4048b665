"""Two agents at one ticket see each other, live."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_two_agents_at_one_ticket_see_each_other(
    open_live: OpenAs, desk: Desk, agent: User, agent2: User, make_ticket: Callable[..., Ticket]
) -> None:
    ticket = make_ticket("请问什么时候发货")
    first = open_live(agent, "/desk/?view=open")
    row = first.locator(f'[data-here="{ticket.pk}"] span')
    expect(first.locator(".d-unread")).to_have_count(1)
    first.locator(f'.d-row[data-number="{ticket.number}"] a').click()
    expect(first.locator(".d-unread")).to_have_count(0)
    second = open_live(agent2, f"/desk/{ticket.number}/?view=open")
    expect(second.locator("#desk-here")).to_contain_text(f"{agent.name} 正在查看")
    expect(first.locator("#desk-here")).to_contain_text(f"{agent2.name} 正在查看", timeout=10_000)
    expect(row).to_have_count(1)
    second.get_by_label("内容", exact=True).press_sequentially("您好")
    expect(first.locator("#desk-here")).to_contain_text(f"{agent2.name} 正在输入", timeout=10_000)
    second.goto("about:blank")
    expect(first.locator("#desk-here")).to_be_empty(timeout=10_000)
