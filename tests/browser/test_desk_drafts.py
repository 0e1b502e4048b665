"""Drafts, as an agent meets them: typed here, found there."""

from collections.abc import Callable
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Draft, Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_draft_follows_its_author_and_is_gone_when_sent(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Callable[..., Ticket]
) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    kept = page.locator("#composer-draft")
    composer.fill("正在为您查询")
    expect(kept).to_have_text("草稿已保存")
    page.get_by_role("tab", name="内部备注").click()
    expect(composer).to_have_value("")
    with page.expect_response(lambda answer: "仓库说明天发" in unquote_plus(answer.request.post_data or "")):
        composer.press_sequentially("仓库说明天发")
    page.get_by_role("tab", name="回复客户").click()
    expect(composer).to_have_value("正在为您查询")

    # In another browser both are there.
    other = open_live(agent, f"/desk/{ticket.number}/")
    there = other.get_by_label("内容", exact=True)
    expect(there).to_have_value("正在为您查询")
    other.get_by_role("tab", name="内部备注").click()
    expect(there).to_have_value("仓库说明天发")
    there.press("Control+Enter")
    expect(other.locator(".d-message[data-kind=note]")).to_contain_text("仓库说明天发")
    assert [row.kind for row in Draft.objects.all()] == ["reply"]


def test_a_dropped_connection_loses_nothing_that_was_typed(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Callable[..., Ticket]
) -> None:
    ticket = make_ticket("请问什么时候发货")
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer = page.get_by_label("内容", exact=True)
    page.route("**/draft/", lambda route: route.abort())
    composer.fill("断线时写的话")
    expect(page.locator("#composer-draft")).to_contain_text("草稿未保存")
    page.unroute("**/draft/")
    expect(page.locator("#composer-draft")).to_have_text("草稿已保存", timeout=10_000)
    assert Draft.objects.get().body == "断线时写的话"
