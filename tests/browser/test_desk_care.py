"""Care on the desk: a gentle warning before asking twice, and relief by one key that no text field swallows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from crm.staff.models import ReliefRequest, User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket
from tickets.services import transitions

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.capability("A22")
@pytest.mark.capability("G18")
def test_asking_twice_is_warned_of_and_relief_is_one_key_away(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Callable[..., Ticket]
) -> None:
    ticket = make_ticket("你们就是骗子黑店，气死我了", order_no="TB20261118001")
    if ticket.assignee_id != agent.pk:
        transitions.assign(ticket=ticket, actor=agent, assignee=agent)
    page = open_live(agent, f"/desk/{ticket.number}/")
    composer, warning = page.get_by_label("内容", exact=True), page.locator("#composer-known")
    composer.fill("请提供一下订单号，queue")
    expect(warning).to_have_text("订单号客户已提供：TB20261118001")
    expect(page.get_by_role("button", name="发送", exact=False).last).to_be_enabled()
    composer.fill("马上为您处理")
    expect(warning).to_be_hidden()
    expect(page.locator("#act-dialog")).to_be_hidden()

    page.locator(".d-thread").focus()
    page.keyboard.press("q")
    expect(page.locator("#act-title")).to_have_text("请求换人")
    page.locator("#act-reason").fill("请同事接手")
    page.locator("#act-form button[type=submit]").click()
    expect(page.get_by_text("已请求换人，正在等主管处理。")).to_be_visible()
    assert ReliefRequest.objects.get().note == "请同事接手"
