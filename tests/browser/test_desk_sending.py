"""Sending, as an agent meets it: counted down, taken back, planned, and warned of."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from core.timers import fire_due
from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket, WaitingReply
from tickets.services import conversation

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Make = Callable[..., Ticket]


def test_a_reply_is_taken_back_and_then_goes_out(open_live: OpenAs, desk: Desk, agent: User, make_ticket: Make) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    composer.fill("后天发货")
    composer.press("Control+Enter")
    waits = page.locator(".d-waiting")
    expect(waits).to_contain_text("后天发货")
    expect(waits.locator("[data-send-at]")).to_contain_text(re.compile(r"\d+ ?秒"))
    waits.get_by_role("button", name="撤回").click()
    expect(composer).to_have_value("后天发货")
    expect(waits).to_have_count(0)
    composer.fill("明天发货")
    composer.press("Control+Enter")
    expect(waits).to_contain_text("明天发货")
    fire_due(now=clock.now() + timedelta(seconds=11))
    expect(page.locator(".d-message[data-kind=reply]:not(.d-waiting)")).to_contain_text("明天发货", timeout=10_000)
    expect(waits).to_have_count(0)


def test_after_solving_the_next_ticket_opens_and_taking_back_is_at_hand(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Make
) -> None:
    first, second = make_ticket("请问什么时候发货"), make_ticket("能开发票吗")
    page = open_live(agent, f"/desk/{first.number}/")
    page.get_by_label("内容", exact=True).fill("今天就发。")
    page.get_by_role("button", name="发送并解决").click()
    expect(page.locator(".d-main")).to_have_attribute("data-number", second.number)
    bar = page.locator("#undo-bar")
    expect(bar).to_contain_text(first.number)
    bar.get_by_role("button", name="撤回").click()
    expect(page.locator(".d-main")).to_have_attribute("data-number", first.number)
    expect(page.get_by_label("内容", exact=True)).to_have_value("今天就发。")


def test_a_planned_reply_shows_its_moment_and_comes_back_for_changing(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Make
) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    composer.fill("早上好，今天发货")
    page.get_by_label("定时发送").click()
    page.get_by_role("button", name="明天 9:00").click()
    page.get_by_role("button", name=re.compile("^定时发送 Ctrl")).click()
    waits = page.locator(".d-waiting")
    expect(waits).to_contain_text("09:00")
    waits.get_by_role("button", name="修改").click()
    expect(composer).to_have_value("早上好，今天发货")
    expect(page.locator("#composer-send-at")).to_have_value(re.compile("T09:00$"))
    assert WaitingReply.objects.get().state == "cancelled"


def test_a_newer_message_is_shown_before_the_reply_goes_out(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Make
) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    composer.press_sequentially("今天发货")
    conversation.customer_message(ticket=ticket, body="先别发，地址要改", actor=None)
    composer.press("Control+Enter")
    expect(page.locator(".d-fault")).to_contain_text("客户又来信了")
    expect(page.get_by_role("log")).to_contain_text("地址要改")
    expect(composer).to_have_value("今天发货")
    composer.press("Control+Enter")
    expect(page.locator(".d-waiting")).to_contain_text("今天发货")
