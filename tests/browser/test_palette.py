"""The command palette with the keyboard alone, also under an input method."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.scripts_library.factories import make_script
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COMPOSES = """([selector, text]) => {
    const field = document.querySelector(selector);
    field.dispatchEvent(new CompositionEvent("compositionstart"));
    field.value = text;
    field.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
    field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, isComposing: true, bubbles: true}));
}"""


def test_ticket_move_and_script_by_keyboard(
    open_live: OpenAs, desk: Desk, agent: User, lead: User, supervisor: User, make_ticket: Callable[..., Ticket]
) -> None:
    make_script(author=lead, reviewer=supervisor, key="AF-1", title="破损致歉补发", body="非常抱歉，今天补发。")
    ticket = make_ticket("杯子碎了")
    page = open_live(agent, "/desk/")
    options = page.locator("#kean-commands [role=option]")
    page.keyboard.press("Control+k")
    page.keyboard.type(ticket.number)
    expect(options.first).to_contain_text("杯子碎了")
    page.keyboard.press("Enter")
    expect(page.locator(".d-main")).to_have_attribute("data-number", ticket.number)

    page.keyboard.press("Control+k")
    page.keyboard.type("稍后处理")
    expect(options.first).to_contain_text("稍后处理")
    page.keyboard.press("Enter")
    expect(page.locator("#act-dialog")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Control+k")
    page.keyboard.type("破损致歉")
    expect(options.first).to_contain_text("破损致歉补发")
    page.keyboard.press("Enter")
    expect(page.get_by_label("内容", exact=True)).to_have_value("非常抱歉，今天补发。")


def test_nothing_runs_while_an_input_method_composes(open_live: OpenAs, desk: Desk, agent: User) -> None:
    page = open_live(agent, "/desk/")
    page.keyboard.press("Control+k")
    page.evaluate(COMPOSES, [".k-palette-input", "gong"])
    expect(page.locator("#kean-palette")).to_be_visible()
    assert page.url.endswith("/desk/")
