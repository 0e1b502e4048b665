"""Rules are chosen in a real browser, in the admin and in the editor of procedures, and say what was chosen."""

import pytest
from playwright.sync_api import Locator, Page, expect

from core.procedures.models import Procedure
from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk
from tickets.models import RoutingRule
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.following import ensure_built_in

__all__ = ["desk"]
pytestmark = pytest.mark.browser


def choose(test: Locator, field: str, op: str, value: str) -> None:
    """Fill one line: field, comparison, value."""
    test.get_by_label("字段", exact=True).select_option(label=field)
    test.get_by_label("比较", exact=True).select_option(label=op)
    box = test.get_by_label("值", exact=True)
    if box.evaluate("box => box.tagName") == "SELECT":
        box.select_option(label=value)
    else:
        box.fill(value)


def lines(rule: Locator) -> Locator:
    return rule.locator(".c-rule-test")


@pytest.mark.capability("B05")
def test_a_routing_rule_is_chosen_and_opened_again_as_it_was(open_as: OpenAs, desk: Desk, admin: User) -> None:
    page = open_as(admin, "/admin/tickets/routingrule/add/")
    page.locator("#id_name").fill("生鲜投诉")
    page.locator("#id_position").fill("77")
    page.locator("select[name=queue]").select_option(value=str(desk.queue.pk))
    rule = page.locator("[data-rule]")
    expect(rule.get_by_text("没有条件，全部适用。")).to_be_visible()
    rule.get_by_role("button", name="+ 加条件").click()
    choose(lines(rule).nth(0), "类型", "是", "投诉")
    rule.get_by_role("button", name="+ 加一组").click()
    choose(lines(rule).nth(1), "投诉概率", "不小于", "0.85")
    rule.get_by_role("button", name="+ 加条件").first.click()
    choose(lines(rule).nth(2), "标题", "包含", "坏果")
    lines(rule).nth(2).get_by_label("比较", exact=True).select_option(label="有值")
    rule.get_by_role("button", name="+ 加条件").last.click()
    lines(rule).last.get_by_label("字段", exact=True).select_option(label="严重程度")
    lines(rule).last.get_by_label("比较", exact=True).select_option(label="是 … 之一")
    lines(rule).last.get_by_role("checkbox").first.check()
    _save(page)
    stored = RoutingRule.objects.get(name="生鲜投诉")
    severe = stored.condition["all"][-1]
    assert stored.condition == {
        "all": [
            {"field": "type", "op": "eq", "value": "complaint"},
            {"any": [{"field": "complaint", "op": "gte", "value": 0.85}, {"field": "subject", "op": "is_set"}]},
            {"field": "severity", "op": "in", "value": severe["value"]},
        ]
    }
    assert len(severe["value"]) == 1
    page.goto(page.url.split("/admin/")[0] + f"/admin/tickets/routingrule/{stored.pk}/change/")
    expect(lines(page.locator("[data-rule]"))).to_have_count(4)
    page.locator("[data-rule]").get_by_role("button", name="删除").last.click()
    _save(page)
    stored.refresh_from_db()
    assert len(stored.condition["all"]) == 2


def _save(page: Page) -> None:
    page.locator("[name=_save]").first.click()
    page.wait_for_url("**/routingrule/")


@pytest.mark.capability("C06")
def test_a_step_gets_a_condition_and_what_is_wrong_with_it_is_told(open_as: OpenAs, desk: Desk, lead: User) -> None:
    ensure_built_in()
    sop = Procedure.objects.get(key=COMPLAINT)
    page = open_as(lead, f"/procedures/{sop.pk}/draft/")
    card = page.locator("[data-step]").first
    card.locator("summary").first.click()
    card.locator("summary", has_text="条件").first.click()
    rule = card.locator("[data-rule]").nth(0)
    rule.get_by_role("button", name="+ 加条件").click()
    choose(lines(rule).first, "投诉概率", "大于", "")
    page.locator("[name=note]").fill("只处理投诉")
    page.locator("form button.btn-primary").last.click()
    card = page.locator("[data-step]").first
    expect(card.get_by_text("投诉概率：须为数字。")).to_be_visible()
    rule = card.locator("[data-rule]").nth(0)
    lines(rule).first.get_by_label("值", exact=True).fill("0.5")
    page.locator("form button.btn-primary").last.click()
    page.wait_for_url(f"**/procedures/{sop.pk}/**")
    assert sop.versions.get(number=2).steps[0]["when"] == {"field": "complaint", "op": "gt", "value": 0.5}
