"""Three whole stories in the browser: spoilt food paid ten times, a phone repaired twice, a recall of 2,000 orders.

Nothing is waited for by the clock: every step looks for what it brings.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from core import clock
from core.calendars.services import load_public_holidays
from core.drain import drain
from core.outbox import OutboxItem
from crm.staff.models import User
from customers.models import Customer, Order, Outreach, Recall
from tests.browser.conftest import OpenAs
from tests.customers.test_recalls import people, sell
from tests.tickets.aftersales import PNG, media, place_order
from tests.tickets.conftest import Desk, desk, make_ticket
from tickets.models import AfterSales, Compensation, Refund, RepairPeriod, Ticket

__all__ = ["desk", "make_ticket", "media"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Make = Callable[..., Ticket]
SLOW = 15_000


def press(where: Page | Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click()


def open_tab(page: Page, name: str) -> None:
    with page.expect_response("**/side/*/"):
        page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")


# Spoilt food: refund one, pay ten, at least a thousand ---------------------------------------


def complains(page: Page, order_no: str) -> str:
    page.get_by_label("投诉内容").fill("三文鱼送到就发臭了，孩子吃了拉肚子，我要求退一赔十！")
    page.get_by_label("订单号").fill(order_no)
    page.get_by_label("称呼").fill("陈女士")
    page.get_by_label("手机号").fill("13800138000")
    press(page, "提交投诉")
    expect(page.locator("#number")).to_have_text(re.compile(r"\d+"))
    return page.locator("#number").inner_text()


def chooses_case(page: Page, case: str) -> None:
    with page.expect_response(f"**/money/?case={case}*"):
        page.locator("#money-case").select_option(case)
    expect(page.locator("#money-case")).to_have_value(case)
    expect(page.locator("#money-case.htmx-request")).to_have_count(0)


def asks_for_ten_times(page: Page) -> None:
    """The label as it stands, the sums, what the law says, and that less is refused."""
    open_tab(page, "补偿")
    expect(page.locator("#desk-money")).to_contain_text("方案建议")
    chooses_case(page, "C-06a")
    page.locator("#id_in_P").fill("68")
    page.locator("#id_in_L").fill("120.50")
    quote = page.locator("#money-quote")
    # 68 back, ten times 68 is less than a thousand, and the doctor.
    expect(quote).to_contain_text("¥1188.50", timeout=SLOW)
    expect(quote).to_contain_text("食品安全法")
    expect(quote).to_contain_text("法定下限")
    expect(quote).to_contain_text("已超出授权额度，将提交审批")
    page.locator("#money-amount").fill("1120.49")
    press(page.locator("#money-form"), "提交审批")
    expect(page.locator("#desk-money [role=alert]")).to_contain_text("法定下限")
    expect(page.locator("#money-amount")).to_have_value("1120.49")
    page.locator("#money-amount").fill("1188.50")
    page.locator("#money-note").fill("就医票据已核对")
    press(page.locator("#money-form"), "提交审批")
    expect(page.locator("#desk-money .d-card").first).to_contain_text("待审批")


@pytest.mark.capability("C01", "C14", "C35", "D08", "D09", "D10")
def test_spoilt_food_is_paid_ten_times(
    open_live: OpenAs, desk: Desk, agent: User, supervisor: User, make_ticket: Make, media: None
) -> None:
    first = make_ticket("你们的三文鱼什么时候到货")
    order = place_order(first, no="TB-FISH", paid="68")
    number = complains(open_live(None, "/complain/"), order.order_no)
    page = open_live(agent, f"/desk/{number}/")
    expect(page.get_by_role("log")).to_contain_text("退一赔十")
    asks_for_ten_times(page)
    page.goto(page.url.split("/desk/")[0] + f"/desk/{number}/legal/")
    for what in ("固定会话", "固定订单"):
        press(page, what)
        expect(page.get_by_role("status").first).to_be_visible()
    judge = open_live(supervisor, "/approvals/")
    card = judge.locator(".w-approvals li").filter(has_text="食品安全法")
    expect(card).to_contain_text("¥1188.50")
    press(card, "批准")
    expect(judge.locator(".w-approvals li").filter(has_text="食品安全法")).to_have_count(0)
    page.goto(page.url.split("/legal/")[0] + "/")
    open_tab(page, "补偿")
    row = page.locator("#desk-money .d-card").first
    row.get_by_label("打款流水号").fill("ALI20261116001")
    press(row, "登记打款")
    expect(page.locator("#desk-money .d-card").first).to_contain_text("ALI20261116001")
    paid = Compensation.objects.get(ticket__number=number)
    assert (paid.case, paid.status, paid.amount, paid.floor) == (
        "C-06a", "paid", Decimal("1188.50"), Decimal("1120.50"),
    )  # fmt: skip
    customer = open_live(None, "/track/")
    customer.get_by_label("工单号").fill(number)
    customer.get_by_label("手机号后四位").fill("8000")
    press(customer, "查询")
    expect(customer.get_by_role("heading", level=1)).to_have_text("处理进度")


# A phone repaired twice ----------------------------------------------------------------------


def applies(page: Page, kind: str, details: dict[str, str]) -> None:
    """Through the desk's form, as the law offers it."""
    open_tab(page, "售后")
    form = page.locator("#aftersales-form")

    def answered(change: Callable[[], object]) -> None:
        with page.expect_response("**/aftersales/?*"):
            change()
        expect(page.locator("#desk-aftersales .htmx-request")).to_have_count(0)

    for field, value in (("reason", "warranty"), ("category", "phone")):
        answered(lambda field=field, value=value: form.locator(f"#as-{field}").select_option(value))
        expect(form.locator(f"#as-{field}")).to_have_value(value)
    answered(form.locator("#as-evidence").check)
    wanted = form.locator(f"#as-kind-{kind}")
    if not wanted.is_checked():
        answered(wanted.check)
    for field, value in details.items():
        form.locator(f"#as-{field}").fill(value)
    press(form, "登记售后")
    expect(page.locator("#desk-aftersales [role=status]")).to_contain_text("已登记售后单")


def step(page: Page, action: str) -> None:
    """Press the one button of that step and see the step gone."""
    page.locator(f"#step-{action} button[type=submit]").click()
    expect(page.locator(f"#step-{action}")).to_have_count(0)


def goes_through_the_workshop(page: Page, repaired: str) -> None:
    """Accepted, in, looked at with a picture, repaired and sent back, told, judged."""
    page.locator("#desk-aftersales .d-card a").first.click()
    step(page, "accept")
    step(page, "receive")
    inspect = page.locator("#step-inspect")
    inspect.get_by_label("不完好", exact=True).check()
    inspect.get_by_role("group", name="不完好的项目").get_by_role("checkbox").first.check()
    inspect.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    step(page, "inspect")
    step(page, "decide")
    page.get_by_label("维修结果").fill(repaired)
    page.get_by_label("寄出运单号").fill("SF1234567890123")
    step(page, "complete")
    page.locator("#step-feedback textarea").fill(f"{repaired}，已寄回。")
    step(page, "feedback")


@pytest.mark.capability("C13", "D01", "D05", "D06", "D07")
def test_a_phone_repaired_twice_is_exchanged(
    open_live: OpenAs, desk: Desk, agent: User, make_ticket: Make, media: None
) -> None:
    ticket = make_ticket("手机总是自动关机", subject="手机自动关机")
    bought = clock.now() - timedelta(days=40)
    order = place_order(ticket, no="TB-PHONE", ordered_at=bought, paid_at=bought, signed_at=bought)
    page = open_live(agent, f"/desk/{ticket.number}/")
    desk_url = page.url
    for time, repaired in enumerate(("换了电池", "换了主板"), start=1):
        applies(page, "repair", {"fault": "自动关机", "serial": "SN-9"})
        goes_through_the_workshop(page, repaired)
        assert RepairPeriod.objects.filter(serial="SN-9", ended_at__isnull=False).count() == time
        page.goto(desk_url)
    open_tab(page, "售后")
    expect(page.locator("#desk-aftersales article")).to_have_count(2)
    applies(page, "exchange", {"replacement_sku": "PHONE-2"})
    page.locator("#desk-aftersales .d-card a").first.click()
    expect(page.locator("main")).to_contain_text("同一问题已维修两次，可以换货")
    step(page, "accept")
    expect(page.locator("#step-receive")).to_be_visible()
    assert not Refund.objects.exists()
    last = AfterSales.objects.order_by("pk").last()
    assert last is not None
    assert (last.kind, last.order, last.eligibility["verdict"]) == ("exchange", order, "eligible")


# A recall of one batch -----------------------------------------------------------------------

ORDERS = 2_000


def plans_a_recall(page: Page) -> None:
    page.get_by_label("商品名称").fill("暖手宝")
    page.get_by_label("商品编码").fill("HEAT")
    page.get_by_label("批次", exact=True).fill("B9")
    page.get_by_label("缺陷与风险").fill("充电时可能过热")
    page.get_by_label("我方角色").select_option("seller")
    page.get_by_label("补救方式").select_option("refund")
    page.get_by_label("客户怎么做").fill("停止使用，回复本消息安排上门取件")
    boxes = page.get_by_role("group", name="通知方式")
    for box in boxes.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") == "email")
    press(page, "看影响范围")
    # A batch that was never sold makes no recall.
    expect(page.locator(".k-error").first).to_contain_text("批次")
    page.get_by_label("批次", exact=True).fill("B1")
    press(page, "看影响范围")
    expect(page.get_by_role("status").first).to_contain_text(f"将通知 {ORDERS} 位客户：{ORDERS} 张订单")
    press(page, "保存草稿")
    expect(page.get_by_role("button", name="启动召回")).to_be_visible()


def one_is_remedied(page: Page) -> None:
    for number, (value, label) in enumerate((("returned", "已退回"), ("remedied", "已补救"))):
        row = page.locator("table tbody tr").first
        row.get_by_label("进展").select_option(value)
        press(row, "登记")
        expect(page.locator(".l-bar").filter(has_text=label)).to_contain_text("· 1")
        assert number < 2


@pytest.mark.capability("D11")
def test_a_batch_of_two_thousand_orders_is_recalled(open_live: OpenAs, supervisor: User) -> None:
    load_public_holidays()
    crowd = people(ORDERS + 3)
    sold = clock.now() - timedelta(days=30)
    sell(crowd[:ORDERS], batch="B1", at=sold)
    sell(crowd[ORDERS:], batch="B2", at=sold + timedelta(days=1))
    page = open_live(supervisor, "/recalls/new/")
    plans_a_recall(page)
    press(page, "启动召回")
    expect(page.locator(".l-bar").first).to_contain_text("0%")
    drain(budget_seconds=120)
    recall = Recall.objects.get()
    told = Outreach.objects.about("recall", recall.pk)
    assert told.filter(status="sent").count() == told.values("customer").distinct().count() == ORDERS
    assert not told.filter(customer__in=crowd[ORDERS:]).exists()
    page.reload()
    expect(page.locator(".l-bar").filter(has_text="已通知")).to_contain_text(f"100% · {ORDERS}")
    one_is_remedied(page)
    # A second worker, a ticker that comes again: nobody hears of it twice.
    drain(budget_seconds=120)
    assert OutboxItem.objects.filter(kind="outreach").count() == ORDERS
    page.get_by_label("结论").fill("全部通知完毕，按方案退款")
    press(page, "结束")
    expect(page.get_by_text("全部通知完毕，按方案退款")).to_be_visible()
    assert Order.objects.count() == Customer.objects.count() == ORDERS + 3
