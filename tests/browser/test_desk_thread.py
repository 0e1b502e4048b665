"""News in an open conversation: they come in, and nothing is taken from under the reader's eyes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tests.tickets.mails import mail, part
from tickets.models import Ticket
from tickets.services import conversation, transitions
from tickets.services.email import receive_mail

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.capability("B03")]
STATE = """() => {
    const thread = document.querySelector(".d-thread");
    return { top: thread.scrollTop, marked: String(getSelection()), focus: document.activeElement.tagName,
             frame: document.querySelector(".d-mail iframe").kept === true };
}"""
READING = """() => {
    document.querySelector(".d-mail iframe").kept = true;
    document.querySelector(".d-thread").scrollTop = 40;
    getSelection().selectAllChildren(document.querySelectorAll(".d-message-body")[1]);
    document.querySelector(".d-mail summary").focus({ preventScroll: true });
}"""


def test_an_open_mail_its_place_focus_and_selection_stay(open_live: OpenAs, desk: Desk, agent: User) -> None:
    receive_mail(mail(part("<p>收到的杯子碎了</p>", "text/html; charset=utf-8")))
    ticket = Ticket.objects.get()
    transitions.assign(ticket=ticket, actor=agent, assignee=agent)
    for number in range(30):
        conversation.add_note(ticket=ticket, actor=agent, body=f"第{number}次核对库存")
    page = open_live(agent, f"/desk/{ticket.number}/")
    thread = page.get_by_role("log")
    page.locator(".d-mail summary").click()
    expect(page.frame_locator(".d-mail iframe").locator("body")).to_contain_text("杯子碎了")
    page.evaluate(READING)
    before = page.evaluate(STATE)
    conversation.customer_message(ticket=ticket, body="请问处理得怎么样了", actor=None)
    expect(thread).to_contain_text("处理得怎么样了", timeout=10_000)
    assert page.evaluate(STATE) == before
    assert (before["frame"], before["focus"], before["marked"]) == (True, "SUMMARY", "第0次核对库存")

    # The head follows too, once its menu is closed again.
    page.get_by_label("更多操作").click()
    transitions.solve(ticket=ticket, actor=agent)
    conversation.add_note(ticket=ticket, actor=agent, body="已补发")
    expect(thread).to_contain_text("已补发", timeout=10_000)
    expect(page.locator(".d-head .k-menu-body")).to_be_visible()
    page.get_by_label("更多操作").click()
    expect(page.locator(".d-head-chips")).to_contain_text("已解决")
    expect(page.get_by_label("更多操作")).to_be_focused()

    # On a narrow screen the right pane is a sheet that opens and closes.
    page.set_viewport_size({"width": 390, "height": 844})
    side = page.locator("#desk-side")
    expect(side).to_be_hidden()
    page.locator(".d-side-open").click()
    expect(side).to_be_visible()
    page.get_by_role("tab", name="补偿").click()
    expect(page.locator("#desk-money")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()


def test_a_request_that_does_not_arrive_is_said_and_breaks_nothing(
    open_live: OpenAs, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    ticket = make_ticket("充电线断了")
    transitions.assign(ticket=ticket, actor=agent, assignee=agent)
    page = open_live(agent, f"/desk/{ticket.number}/")
    expect(page.get_by_role("log")).to_contain_text("充电线断了")
    page.context.set_offline(True)
    page.evaluate("() => { htmx.ajax('GET', location.pathname, { source: '#desk-list', target: '#desk-list' }); }")
    expect(page.locator(".k-toast")).to_contain_text("网络")
    page.context.set_offline(False)
    conversation.customer_message(ticket=ticket, body="换了一根也断", actor=None)
    expect(page.get_by_role("log")).to_contain_text("换了一根也断", timeout=20_000)


def test_news_do_not_take_a_button_from_under_the_finger(
    open_live: OpenAs, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    ticket = make_ticket("遥控器失灵")
    transitions.assign(ticket=ticket, actor=agent, assignee=agent)
    page = open_live(agent, f"/desk/{ticket.number}/", width=390)
    box = page.get_by_label("返回列表").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    transitions.wait(ticket=ticket, actor=agent, reason="等照片")  # the head changes
    conversation.customer_message(ticket=ticket, body="照片发了", actor=None)
    expect(page.get_by_role("log")).to_contain_text("照片发了")
    page.mouse.up()
    expect(page.get_by_role("option").first).to_be_visible()
