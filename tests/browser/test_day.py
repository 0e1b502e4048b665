"""One day of an agent at the desk, step by step, in a real browser under a Chinese input method, without reloading.

Nothing is waited for by the clock: every step looks for what it brings.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from core import clock
from core.timers import fire_due
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.staff.models import User
from scripts_library.models import ScriptTemplate, ScriptUsage
from tests.browser.conftest import OpenAs
from tests.factories import PASSWORD
from tests.scripts_library.factories import make_script
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import Notice, Ticket, TicketLink, TicketTag, WaitingReply
from tickets.services import conversation, intake

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Make = Callable[..., Ticket]
SLOW = 15_000


@dataclass
class Day:
    """The agent's window, and the steps taken."""

    page: Page
    agent: User
    steps: list[str] = field(default_factory=list)

    def step(self, done: str) -> None:
        self.steps.append(done)

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_label("内容", exact=True)

    @property
    def chips(self) -> Locator:
        return self.page.locator(".d-head-chips")

    def row(self, words: str) -> Locator:
        return self.page.get_by_role("option").filter(has_text=words)

    def menu(self, name: str) -> None:
        self.page.get_by_label("更多操作").click()
        self.page.get_by_role("menuitem", name=name, exact=True).click()

    def compose(self, pinyin: str, words: str, *, meanwhile: tuple[str, ...] = ()) -> None:
        """Type as through an input method: every key is one of the composition until the words replace it.

        meanwhile: keys pressed before the words are chosen, which belong to the input method, too.
        """
        line = self.page.context.new_cdp_session(self.page)
        for end, letter in enumerate(pinyin, start=1):
            self._key(line, letter)
            line.send("Input.imeSetComposition", {"text": pinyin[:end], "selectionStart": end, "selectionEnd": end})
        for key in meanwhile:
            self._key(line, key)
        line.send("Input.insertText", {"text": words})
        line.detach()

    def _key(self, line: Any, key: str) -> None:
        press = {"windowsVirtualKeyCode": 229, "key": key if len(key) > 1 else "Process", "code": key}
        line.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **press})
        line.send("Input.dispatchKeyEvent", {"type": "keyUp", **press})


def begin(day: Day) -> None:
    page = day.page
    page.get_by_label("用户名").fill("agent")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")
    day.step("signs in and sees the day's work")
    page.locator("#presence summary").click()
    page.locator("#presence").get_by_role("button", name="在线").click()
    expect(page.locator("#presence summary")).to_contain_text("在线")
    day.step("says to be there")
    page.get_by_role("link", name="去工作台").click()
    expect(page.get_by_text("这里都处理完了")).to_be_visible()
    page.evaluate("window.stayed = true")
    day.step("opens the desk, where nothing waits")


def a_complaint_comes(day: Day, make: Make) -> Ticket:
    page = day.page
    given = intake.CustomerGiven(name="陈女士", phone="13800138000")
    ticket = make("收到的玻璃杯碎了两个，我要投诉！", subject="杯子碎了", type="complaint", customer=given)
    expect(day.row("杯子碎了")).to_be_visible(timeout=SLOW)
    day.step("sees a complaint come in")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(day.thread).to_contain_text("碎了两个")
    day.step("opens it by keys")
    expect(page.locator(".d-head-clocks")).to_contain_text("首次响应")
    day.step("reads what was promised")
    expect(page.locator("#desk-side")).to_contain_text("138****8000")
    day.step("sees who it is, the number masked")
    day.compose("ea", "", meanwhile=("e", "a"))
    expect(day.chips).to_contain_text("处理中")
    day.step("composes beside the fields: no letter is a command")
    return ticket


def answers_with_a_script(day: Day, script: ScriptTemplate) -> None:
    page = day.page
    day.composer.click()
    day.compose("ninhao", "您好，", meanwhile=("Enter",))
    expect(day.composer).to_have_value("您好，")
    expect(page.locator(".d-message[data-kind=reply]")).to_have_count(0)
    day.step("chooses a word with Enter: nothing is sent")
    expect(page.locator("#composer-draft")).to_have_text("草稿已保存")
    day.step("has the draft kept")
    day.composer.fill("")
    day.composer.press_sequentially("/pszq")
    expect(page.locator("#script-picker [role=option]").first).to_contain_text("破损致歉补发")
    day.step("finds a script by its initials")
    day.composer.press("Enter")
    expect(day.composer).to_have_value(re.compile("陈女士您好.*{{amount}}"))
    day.step("takes it, filled for this customer")
    expect(page.get_by_role("button", name=re.compile("^发送 Ctrl"))).to_be_disabled()
    expect(page.locator("#composer-missing")).to_contain_text("还未填写")
    day.step("cannot send what is not complete")
    day.composer.fill(day.composer.input_value().replace("{{amount}}", "59.80"))
    day.composer.press("Control+Enter")
    waits = page.locator(".d-waiting")
    expect(waits).to_contain_text("59.80")
    day.step("sends; for ten seconds it can be taken back")
    waits.get_by_role("button", name="撤回").click()
    expect(day.composer).to_have_value(re.compile("59.80"))
    day.step("takes it back")
    day.composer.fill(day.composer.input_value().replace("59.80", "69.80"))
    day.composer.press("Control+Enter")
    expect(waits).to_contain_text("69.80")
    fire_due(now=clock.now() + timedelta(seconds=11))
    expect(page.locator(".d-message[data-kind=reply]:not(.d-waiting)")).to_contain_text("69.80", timeout=SLOW)
    day.step("corrects it, and it goes out by itself")
    expect(day.thread).to_contain_text("AF-01 v1")
    assert ScriptUsage.objects.get().version.item == script
    day.step("sees which script was used")


def talks_with_colleagues_and_customer(day: Day, ticket: Ticket, agent2: User) -> None:
    page = day.page
    page.get_by_role("tab", name="内部备注").click()
    day.composer.press_sequentially("@agent2")
    expect(page.locator("#mention-picker [role=option]").first).to_be_visible()
    day.composer.press("Enter")
    day.compose("qinghedui", "请核对库存")
    day.step("names a colleague in a note")
    conversation.customer_message(ticket=ticket, body="好的，快递单号发我", actor=None)
    expect(day.thread).to_contain_text("快递单号发我", timeout=SLOW)
    expect(day.composer).to_have_value(re.compile("请核对库存"))
    day.step("sees the customer's answer while typing, and what was typed stays")
    day.composer.press("Control+Enter")
    expect(page.locator(".d-message[data-kind=note]")).to_contain_text("请核对库存")
    assert Notice.objects.get(kind="mentioned").user == agent2
    day.step("keeps the note; the colleague hears of it")
    page.get_by_role("tab", name="回复客户").click()
    day.composer.press_sequentially("单号是")
    conversation.customer_message(ticket=ticket, body="先别发，地址要改", actor=None)
    day.composer.press("Control+Enter")
    expect(page.locator(".d-fault")).to_contain_text("客户又来信了")
    day.step("is told at sending that the customer wrote meanwhile")
    expect(day.thread).to_contain_text("地址要改")
    page.get_by_label("定时发送").click()
    page.get_by_role("button", name="明天 9:00").click()
    page.get_by_role("button", name=re.compile("^定时发送 Ctrl")).click()
    expect(page.locator(".d-waiting")).to_contain_text("09:00")
    day.step("plans the reply for tomorrow")
    page.locator(".d-waiting").get_by_role("button", name="修改").click()
    expect(day.composer).to_have_value("单号是")
    assert not WaitingReply.objects.filter(state="waiting").exists()
    day.step("takes the plan back to change it")
    day.composer.fill("")


def puts_away_and_watches(day: Day, ticket: Ticket) -> None:
    page = day.page
    day.menu("关注")
    expect(day.chips).to_contain_text("1 人关注")
    day.step("watches the ticket")
    page.locator(".d-thread").click()
    page.keyboard.press("z")
    page.locator("#act-dialog").get_by_role("button", name="一小时后").click()
    page.locator("#act-dialog").get_by_role("button", name="确定").click()
    expect(page.locator(".d-head .k-notice")).to_contain_text("回到列表")
    expect(day.row("杯子碎了")).to_have_count(0)
    day.step("puts it away for an hour by key")
    conversation.customer_message(ticket=ticket, body="在吗，地址改成漕溪北路", actor=None)
    expect(day.row("杯子碎了")).to_be_visible(timeout=SLOW)
    expect(page.locator(".d-head")).not_to_contain_text("稍后处理，", timeout=SLOW)
    day.step("has it back as soon as the customer writes")
    expect(page.locator("#bell .k-badge")).to_have_text("1", timeout=SLOW)
    page.locator("#bell summary").click()
    expect(page.locator("#bell")).to_contain_text("工单已回到列表")
    day.step("is told so by the bell")
    page.locator("#bell [data-read-all]").click()
    expect(page.locator("#bell .k-badge")).to_be_hidden()
    day.step("reads the notices")
    page.locator("details.d-edit > summary", has_text="修改类型与分类").click()
    page.locator("#desk-side").get_by_label("分类").fill("商品破损")
    page.locator("#desk-side").get_by_role("button", name="保存").click()
    expect(page.locator("#desk-side")).to_contain_text("100%")
    day.step("corrects the category")


def sorts_out_what_belongs_together(day: Day, ticket: Ticket, make: Make) -> None:
    page = day.page
    given = intake.CustomerGiven(phone="13800138000")
    twin = make("杯子碎了怎么还没人理", subject="又来问杯子", customer=given)
    other = make("整批货都碎了", subject="整批破损")
    expect(day.row("又来问杯子")).to_be_visible(timeout=SLOW)
    day.row("又来问杯子").get_by_role("link").click()
    expect(page.locator(".d-main")).to_have_attribute("data-number", twin.number)
    day.step("opens what the customer wrote a second time")
    day.menu("合并到…")
    page.get_by_label("并入工单号").fill(ticket.number)
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    expect(page.locator(".d-head")).to_contain_text("已合并到")
    day.step("merges it")
    page.get_by_role("button", name="撤销合并").click()
    expect(day.composer).to_be_visible()
    expect(page.locator(".d-head")).not_to_contain_text("已合并到")
    day.step("takes the merge back")
    day.menu("合并到…")
    page.get_by_label("并入工单号").fill(ticket.number)
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    page.locator(".d-head").get_by_role("link", name=ticket.number).click()
    expect(day.thread).to_contain_text("怎么还没人理")
    day.step("merges it for good and goes to where it went")
    page.evaluate("window.stayed = true")
    page.get_by_text("关联或设上级").click()
    page.get_by_label("工单号", exact=True).fill(other.number)
    page.get_by_label("关系").select_option("parent")
    page.get_by_role("button", name="关联", exact=True).click()
    expect(page.locator("#desk-side")).to_contain_text("上级 · 整批破损")
    assert TicketLink.objects.get(kind="parent").other == other
    day.step("hangs it under the incident")
    page.get_by_text("关联或设上级").click()
    page.get_by_role("button", name="把客户最后一条消息拆成新工单").click()
    expect(page.locator("#desk-side")).to_contain_text("拆分出")
    day.step("makes a ticket of its own of another matter")


def pays_and_closes(day: Day, ticket: Ticket) -> None:
    page = day.page
    page.get_by_role("tab", name="补偿").click()
    if page.locator("#money-case").input_value() != "C-22":
        with page.expect_response("**/money/?case=C-22*"):
            page.locator("#money-case").select_option("C-22")
        expect(page.locator("#money-case.htmx-request")).to_have_count(0)
    page.locator("#id_in_P").fill("99")
    page.locator("#id_in_severity").fill("10%")
    page.locator("#id_in_responsibility").fill("100%")
    expect(page.locator("#money-quote")).to_contain_text("9.90", timeout=SLOW)
    day.step("sees what compensation is fair")
    page.locator("#money-form").get_by_role("button", name=re.compile("给付")).click()
    expect(page.locator("#desk-money .d-card").first).to_contain_text("¥")
    day.step("grants it within the day's limit")
    page.keyboard.press("Control+k")
    page.locator("#kean-palette input").fill(ticket.number)
    expect(page.locator("#kean-palette [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    day.step("looks a ticket up in the palette")
    page.get_by_role("button", name="解决", exact=True).click()
    expect(day.chips).to_contain_text("已解决")
    day.step("solves the complaint")
    day.menu("关闭")
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    expect(day.chips).to_contain_text("已关闭")
    assert SurveyInvitation.objects.filter(ticket=ticket).exists()
    assert FollowUpVisit.objects.get(ticket=ticket).due_at is not None
    day.step("closes it: the survey is out and a visit is planned")
    assert page.evaluate("window.stayed") is True


def goes_through_the_list(day: Day, make: Make) -> None:
    page = day.page
    make("发票抬头错了", subject="发票一")
    make("发票没收到", subject="发票二")
    page.goto(page.url.split("/desk/")[0] + "/tickets/")
    search = page.get_by_label("搜索工单")
    search.click()
    day.compose("fapiao", "发票")
    rows = page.locator("[data-rows] tbody tr")
    expect(rows).to_have_count(2)
    day.step("searches by an input method")
    for number in range(2):
        rows.nth(number).get_by_role("checkbox").check()
    bar = page.locator("#bulk-form")
    bar.get_by_text("标签", exact=True).click()
    bar.get_by_placeholder("标签").fill("发票")
    bar.get_by_role("button", name="加标签").click()
    expect(page.get_by_role("status").first).to_contain_text("已处理 2 张")
    assert TicketTag.objects.filter(name="发票").count() == 2
    day.step("tags both at once")
    page.get_by_role("button", name=re.compile("^撤销")).click()
    expect(page.get_by_role("status").first).to_contain_text("已撤销 2 张")
    day.step("takes that back within the minute")
    for number in range(2):
        rows.nth(number).get_by_role("checkbox").check()
    bar.get_by_text("稍后处理", exact=True).click()
    bar.get_by_role("button", name="明天 9:00").click()
    expect(page.get_by_role("status").first).to_contain_text("稍后处理：已处理 2 张")
    assert Ticket.objects.filter(snoozed_until__isnull=False).count() == 2
    day.step("puts both away until tomorrow")
    page.get_by_role("button", name=re.compile("^撤销")).click()
    expect(page.get_by_role("status").first).to_contain_text("已撤销 2 张")
    assert not Ticket.objects.filter(snoozed_at__isnull=False).exists()
    day.step("has both back")


def ends(day: Day, agent2: User) -> None:
    page = day.page
    page.get_by_role("link", name="发票一").click()
    expect(day.thread).to_contain_text("抬头错了")
    ticket = Ticket.objects.get(subject="发票一")
    conversation.customer_message(ticket=ticket, body="还在吗", actor=None)
    expect(day.thread.get_by_text("还在吗")).to_have_count(1, timeout=SLOW)
    page.context.set_offline(True)
    conversation.customer_message(ticket=ticket, body="断线时说的话", actor=None)
    page.context.set_offline(False)
    expect(day.thread.get_by_text("断线时说的话")).to_have_count(1, timeout=SLOW)
    day.step("misses nothing over a dropped connection")
    page.locator(".d-thread").click()
    page.keyboard.press("f")
    page.locator("#handover-assignee").select_option(str(agent2.pk))
    page.locator("#handover").get_by_role("button", name="转交").click()
    expect(day.chips).to_contain_text(agent2.name)
    day.step("hands a ticket over by key")
    page.keyboard.press("?")
    expect(page.locator("#kean-keys")).to_be_visible()
    page.keyboard.press("Escape")
    day.step("looks at the map of keys")
    page.locator("#presence summary").click()
    page.locator("#presence").get_by_role("button", name="小休").click()
    expect(page.locator("#presence summary")).to_contain_text("小休")
    day.step("takes a break")
    page.get_by_label("账号").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    day.step("signs out")


@pytest.mark.capability("B01", "B07", "G01", "G03")
def test_a_day_at_the_desk(
    open_live: OpenAs, desk: Desk, agent: User, agent2: User, lead: User, supervisor: User, make_ticket: Make
) -> None:
    User.objects.exclude(pk=agent.pk).update(availability="offline")
    words = "{{customer_name}}您好，非常抱歉，补发金额 {{amount}} 元，今天发出。"
    script = make_script(author=lead, reviewer=supervisor, key="AF-01", title="破损致歉补发", body=words)
    day = Day(open_live(None, "/accounts/login/?next=/"), agent)
    begin(day)
    ticket = a_complaint_comes(day, make_ticket)
    answers_with_a_script(day, script.item)
    talks_with_colleagues_and_customer(day, ticket, agent2)
    puts_away_and_watches(day, ticket)
    sorts_out_what_belongs_together(day, ticket, make_ticket)
    pays_and_closes(day, ticket)
    goes_through_the_list(day, make_ticket)
    ends(day, agent2)
    assert len(day.steps) >= 40, day.steps
