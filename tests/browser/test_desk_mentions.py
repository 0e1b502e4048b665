"""A colleague is named with the keyboard and hears of it at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_naming_a_colleague_rings_their_bell(
    open_live: OpenAs, desk: Desk, agent: User, agent2: User, make_ticket: Callable[..., Ticket]
) -> None:
    ticket = make_ticket("请问什么时候发货")
    there = open_live(agent2, "/desk/")
    expect(there.locator("#bell .k-badge")).to_be_hidden()
    page = open_live(agent, f"/desk/{ticket.number}/")
    page.get_by_role("tab", name="内部备注").click()
    composer = page.get_by_label("内容", exact=True)
    composer.press_sequentially("请 @agent2")
    expect(page.locator("#mention-picker [role=option]")).to_have_count(1)
    composer.press("Enter")
    expect(composer).to_have_value(f"请 @{agent2.name} ")
    composer.press_sequentially("核对库存")
    composer.press("Control+Enter")
    expect(page.locator(".d-message[data-kind=note]")).to_contain_text("核对库存")
    expect(there.locator("#bell .k-badge")).to_have_text("1", timeout=10_000)
    there.locator("#bell summary").click()
    notice = there.locator("#bell .k-notice-row")
    expect(notice).to_contain_text(f"{agent.name}提到您")
    notice.click()
    expect(there.locator(".d-main")).to_have_attribute("data-number", ticket.number)
    expect(there.locator("#bell .k-badge")).to_be_hidden()
