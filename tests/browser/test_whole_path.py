"""The main job as an agent does it: a complaint comes in, is seen, answered with a script, solved, surveyed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from core.versions import services as versions
from crm.followups.models import FollowUpVisit
from crm.staff.models import User
from scripts_library.models import ScriptTemplate, ScriptUsage
from scripts_library.services import create_script
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Ticket
from tickets.services import conversation, intake

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def apology(lead: User, supervisor: User) -> ScriptTemplate:
    script = create_script(actor=lead, key="AF-01", title="破损致歉补发", kind="situational", topic="破损")
    version = versions.draft_version(
        item=script,
        actor=lead,
        title="破损致歉补发",
        body="{{customer_name}}您好，非常抱歉，补发金额 {{amount}} 元，今天发出。",
    )
    versions.submit(version=version, actor=lead)
    versions.approve(version=version, actor=supervisor)
    versions.publish(version=version, actor=supervisor)
    return script


def _sends_at_once(agent: User) -> None:
    """Without the ten seconds of taking back, which test_desk_sending is about."""
    agent.undoes_send = False
    agent.save(update_fields=["undoes_send"])


@pytest.mark.capability("B01", "G01", "G03")
def test_from_complaint_to_survey(
    open_live: OpenAs, desk: Desk, agent: User, apology: ScriptTemplate, make_ticket: Callable[..., Ticket]
) -> None:
    _sends_at_once(agent)
    page = open_live(agent, "/desk/")
    expect(page.get_by_text("这里都处理完了")).to_be_visible()

    # It comes in and appears without reloading.
    given = intake.CustomerGiven(name="陈女士", phone="13800138000")
    ticket = make_ticket("收到的玻璃杯碎了两个，我要投诉！", subject="杯子碎了", type="complaint", customer=given)
    row = page.get_by_role("option").filter(has_text="杯子碎了")
    expect(row).to_be_visible(timeout=10_000)
    row.get_by_role("link").click()
    thread = page.get_by_role("log")
    expect(thread).to_contain_text("碎了两个")
    expect(page.locator(".d-head-clocks")).to_contain_text("首次响应")
    expect(page.locator("#desk-side")).to_contain_text("138****8000")

    # A script by "/": found by pinyin initials, filled, and unsendable until the amount is there.
    composer = page.get_by_label("内容", exact=True)
    composer.press_sequentially("/pszq")
    expect(page.locator("#script-picker [role=option]").first).to_contain_text("破损致歉补发")
    composer.press("Enter")
    expect(composer).to_have_value(re.compile("陈女士您好.*{{amount}}"))
    send = page.get_by_role("button", name=re.compile("^发送 Ctrl"))
    expect(send).to_be_disabled()
    expect(page.locator("#composer-missing")).to_contain_text("还未填写")
    composer.fill(composer.input_value().replace("{{amount}}", "59.80"))
    composer.press("Control+Enter")
    expect(thread).to_contain_text("补发金额 59.80 元")
    expect(thread).to_contain_text("AF-01 v1")
    assert ScriptUsage.objects.get().version.item == apology

    # The customer answers; it appears while the agent is typing a note, and the note stays.
    page.get_by_role("tab", name="内部备注").click()
    composer.fill("仓库已确认今天发出")
    conversation.customer_message(ticket=ticket, body="好的，那我等着，快递单号发我", actor=None)
    expect(thread).to_contain_text("快递单号发我", timeout=10_000)
    expect(composer).to_have_value("仓库已确认今天发出")
    composer.press("Control+Enter")
    expect(page.locator(".d-message[data-kind=note]")).to_contain_text("仓库已确认")

    # Solved, confirmed, closed: the survey is out and a visit is planned.
    page.get_by_role("button", name="解决", exact=True).click()
    expect(page.locator(".d-head-chips")).to_contain_text("已解决")
    page.get_by_label("更多操作").click()
    page.get_by_role("menuitem", name="关闭").click()
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    expect(page.locator(".d-head-chips")).to_contain_text("已关闭")
    ticket.refresh_from_db()
    assert ticket.first_responded_at is not None
    assert FollowUpVisit.objects.get(ticket=ticket).due_at is not None


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
