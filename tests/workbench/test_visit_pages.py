"""Follow-up visits at the browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.events import Event
from crm.followups.models import FollowUpPlan, FollowUpVisit
from crm.followups.services import plan_visit
from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket
from tickets.services import conversation, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


@pytest.fixture
def plan(agent: User, make_ticket: Make) -> Callable[..., FollowUpVisit]:
    def make(hours: float, **values: Any) -> FollowUpVisit:
        ticket = values.pop("ticket", None) or make_ticket()
        due_at = clock.now() + timedelta(hours=hours)
        with clock.at(min(due_at, clock.now())):  # a late one was planned in time
            return plan_visit(
                actor=agent, customer=ticket.customer, ticket=ticket, due_at=due_at, assignee=agent, **values
            )

    return make


def shown(answer: Any) -> list[int]:
    return [visit.pk for visit in answer.context["page"].rows]


def test_the_tabs_part_the_visits_by_when_they_are_due(agent: User, frozen: Any, plan: Any) -> None:
    late, today, later = plan(-3), plan(3), plan(72)
    page = browser(agent)
    assert shown(page.get("/visits/")) == [late.pk, today.pk]
    assert shown(page.get("/visits/?tab=overdue")) == [late.pk]
    assert shown(page.get("/visits/?tab=planned")) == [late.pk, today.pk, later.pk]
    assert shown(page.get("/visits/?tab=done")) == []
    assert {tab.key: count for tab, count in page.get("/visits/").context["tabs"]} == {
        "today": 2,
        "overdue": 1,
        "planned": 3,
        "done": None,
        "skipped": 0,
    }


def test_empty_tabs_say_what_they_mean(agent: User) -> None:
    for tab, words in (
        ("today", "今天没有"),
        ("overdue", "没有逾期"),
        ("planned", "自动安排"),
        ("skipped", "自动跳过"),
    ):
        assert words in text(browser(agent).get(f"/visits/?tab={tab}"))


def test_the_list_is_filtered(agent: User, lead: User, plan: Any) -> None:
    visit = plan(1)
    care = FollowUpPlan.objects.create(key="care", name="关怀回访")
    cared = plan(2, plan=care)
    page = browser(agent)
    assert shown(page.get("/visits/?tab=planned&plan=care")) == [cared.pk]
    assert shown(page.get("/visits/?tab=planned&plan=none")) == [visit.pk]
    assert len(shown(page.get("/visits/?tab=planned&assignee=me"))) == 2
    assert shown(browser(lead).get("/visits/?tab=planned&assignee=me")) == []


def test_a_row_leads_to_its_ticket_and_hides_the_phone(agent: User, auditor: User, plan: Any) -> None:
    visit = plan(1, note="客户电话 13900139000")
    page = text(browser(agent).get("/visits/?tab=planned"))
    assert f"/desk/{visit.ticket.number}/" in page
    assert "138****8000" in page
    assert "13800138000" not in page
    masked = text(browser(auditor).get("/visits/?tab=planned"))
    for secret in ("13900139000", "陈女士", "记录结果"):
        assert secret not in masked


def test_others_do_not_see_or_complete_them(agent: User, other_agent: User, auditor: User, plan: Any) -> None:
    visit = plan(1)
    assert shown(browser(other_agent).get("/visits/?tab=planned")) == []
    url = f"/visits/{visit.pk}/complete/"
    text(browser(other_agent).get(url), 404)
    text(browser(other_agent).post(url, {"outcome": "satisfied"}), 404)
    text(browser(auditor).post(url, {"outcome": "satisfied"}), 403)
    visit.refresh_from_db()
    assert visit.status == "planned"


@pytest.mark.capability("B14")
def test_satisfied_ends_the_visit(agent: User, plan: Any) -> None:
    visit = plan(1)
    answer = browser(agent).post(
        f"/visits/{visit.pk}/complete/", {"outcome": "satisfied", "note": "很满意"}, follow=True
    )
    assert "回访已完成" in text(answer)
    visit.refresh_from_db()
    assert (visit.status, visit.outcome, visit.note, visit.completed_by) == ("done", "satisfied", "很满意", agent)
    assert shown(browser(agent).get("/visits/?tab=done&outcome=satisfied")) == [visit.pk]
    assert shown(browser(agent).get("/visits/?tab=done&outcome=unsatisfied")) == []


@pytest.mark.capability("B14")
def test_dissatisfied_reopens_the_ticket(agent: User, make_ticket: Make, plan: Any) -> None:
    ticket = make_ticket()
    conversation.reply(ticket=ticket, actor=agent, body="已处理")
    transitions.solve(ticket=ticket, actor=agent)
    visit = plan(1, ticket=ticket)
    told = text(browser(agent).post(f"/visits/{visit.pk}/complete/", {"outcome": "unsatisfied"}, follow=True))
    assert f"工单 {ticket.number} 继续处理" in told
    ticket.refresh_from_db()
    assert ticket.status == "open"


@pytest.mark.capability("B14")
def test_not_reached_is_tried_again(agent: User, plan: Any) -> None:
    visit = plan(-1)
    told = text(browser(agent).post(f"/visits/{visit.pk}/complete/", {"outcome": "unreachable"}, follow=True))
    assert "再次回访" in told
    assert shown(browser(agent).get("/visits/?tab=overdue")) == []
    assert "未接通 1 次" in text(browser(agent).get("/visits/?tab=planned"))


@pytest.mark.capability("B14")
def test_customers_who_refused_contact_are_skipped_and_counted(agent: User, make_ticket: Make, desk: Desk) -> None:
    ticket = make_ticket()
    ticket.customer.do_not_contact_at = clock.now()
    ticket.customer.save(update_fields=["do_not_contact_at"])
    plan_visit(actor=None, customer=ticket.customer, ticket=ticket, due_at=clock.now(), key="rule:1")
    answer = browser(agent).get("/visits/?tab=skipped")
    assert "客户免打扰" in text(answer)
    assert {tab.key: count for tab, count in answer.context["tabs"]}["skipped"] == 1


def test_a_fault_keeps_what_was_typed(agent: User, plan: Any) -> None:
    visit = plan(1)
    url = f"/visits/{visit.pk}/complete/"
    page = text(browser(agent).post(url, {"outcome": "", "note": "聊了很久"}), 422)
    assert "请选择回访结果" in page
    assert "聊了很久" in page
    browser(agent).post(url, {"outcome": "satisfied"})
    again = text(browser(agent).post(url, {"outcome": "unsatisfied", "note": "又打了一次"}), 422)
    assert "不能再修改" in again
    assert "又打了一次" in again


def test_the_dialog_is_a_fragment_and_refreshes_the_page(agent: User, plan: Any) -> None:
    visit = plan(1)
    url = f"/visits/{visit.pk}/complete/"
    page, dialog = browser(agent), {"HX-Request": "true"}
    assert "<html" not in text(page.get(url, headers=dialog))
    assert "请选择回访结果" in text(page.post(url, {"note": "嗯"}, headers=dialog))
    answer = page.post(url, {"outcome": "satisfied"}, headers=dialog)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


def test_the_phone_is_shown_in_full_only_with_a_reason(agent: User, plan: Any) -> None:
    visit = plan(1)
    page = browser(agent)
    form = text(page.get(f"/visits/{visit.pk}/complete/"))
    assert f"/customers/{visit.customer_id}/reveal/?field=phone" in form
    assert "13800138000" not in form
    answer = page.post(f"/customers/{visit.customer_id}/reveal/", {"field": "phone", "reason": "回访"})
    assert "13800138000" in text(answer)
    assert Event.objects.filter(kind="personal_data.revealed").count() == 1


def test_the_number_of_queries_does_not_grow(agent: User, plan: Any) -> None:
    page = browser(agent)

    def count() -> int:
        page.get("/visits/?tab=planned")
        with CaptureQueriesContext(connection) as queries:
            text(page.get("/visits/?tab=planned"))
        return len(queries)

    plan(1)
    one = count()
    for _ in range(4):
        plan(1)
    assert count() == one
