"""The desk on a phone, and what is typed when sending fails; the whole day is in test_day."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _sends_at_once(agent: User) -> None:
    """Without the ten seconds of taking back, which test_desk_sending is about."""
    agent.undoes_send = False
    agent.save(update_fields=["undoes_send"])


def test_the_desk_on_a_phone(open_live: OpenAs, desk: Desk, agent: User, make_ticket: Callable[..., Ticket]) -> None:
    make_ticket("请问什么时候发货")
    _sends_at_once(agent)
    page = open_live(agent, "/desk/", width=390)
    page.get_by_role("option").first.get_by_role("link").click()
    expect(page.get_by_role("log")).to_contain_text("什么时候发货")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("内容", exact=True).fill("今天就发。")
    page.get_by_role("button", name=re.compile("^发送")).last.click()
    expect(page.get_by_role("log")).to_contain_text("今天就发。")
    page.get_by_label("返回列表").click()
    expect(page.get_by_role("option").first).to_be_visible()


def test_what_was_typed_stays_when_it_cannot_be_sent(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Callable[..., Any]
) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    composer.fill("马上为您查询")
    expect(page.locator("#composer-draft")).to_have_text("草稿已保存")
    page.reload()
    expect(page.get_by_label("内容", exact=True)).to_have_value("马上为您查询")
