"""Complaints together: clusters that grow become problem records (C17), points above the usual tasks (C26)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from core.errors import Conflict, InvalidInput
from core.registers.services import evidence_of, links_of, move_record, update_record
from crm.insights.complaints.causes import likely_cause
from crm.insights.complaints.clusters import clusters_of
from crm.insights.complaints.risks import risk_points
from crm.insights.complaints.services import problem_of_cluster, task_of_risk
from crm.insights.models import Problem
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.workbench.conftest import browser, text
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
ISSUE = "商品质量问题"


@pytest.fixture(autouse=True)
def _at_nine() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def complain(make_ticket: Any) -> Any:
    """So many complaints, so many days ago."""

    def make(n: int, *, days: float, product: str = "CUP", batch: str = "", category: str = ISSUE) -> None:
        for _number in range(n):
            made = make_ticket("杯子碎了", type="complaint", product=product, batch=batch, category=category)
            Ticket.objects.filter(pk=made.pk).update(created_at=NOW - timedelta(days=days), assignee=None, status="new")

    return make


@pytest.mark.parametrize(
    ("category", "terms", "cause"),
    [
        (ISSUE, [], "商品质量"),
        ("物流配送问题", ["碎了"], "物流运输"),
        ("订单问题", [], "退换货流程"),
        ("", ["描述不符"], "页面描述"),
        ("", [], "待分析"),
    ],
)
@pytest.mark.capability("C17")
def test_the_likely_cause_follows_category_then_words(category: str, terms: list[str], cause: str) -> None:
    assert str(likely_cause(category, terms)) == cause


@pytest.mark.capability("C17")
def test_clusters_are_counted_with_their_growth(complain: Any, lead: User, other_agent: User) -> None:
    complain(4, days=1, batch="B1")
    complain(2, days=8, batch="B1")
    complain(3, days=2, product="LAMP")
    complain(2, days=2, product="RUG")
    complain(5, days=14.1, product="RUG")
    cup, lamp = clusters_of(lead)
    assert (cup.product, cup.batch, cup.count, cup.before, cup.growth) == ("CUP", "B1", 4, 2, 1.0)
    assert (lamp.count, lamp.before, lamp.growth) == (3, 0, None)
    assert len(cup.tickets) == 4
    assert str(cup.cause) == "商品质量"
    assert clusters_of(other_agent) == []


@pytest.mark.capability("C17")
def test_a_cluster_becomes_one_problem_with_root_cause_and_fix(complain: Any, lead: User, agent: User) -> None:
    complain(3, days=1, batch="B1")
    problem = problem_of_cluster(actor=lead, product="CUP", batch="B1", category=ISSUE)
    assert len(links_of(problem, lead)) == 3
    assert "近七天 3 件" in evidence_of(problem)[0].text
    assert clusters_of(lead)[0].problem == problem
    with pytest.raises(Conflict, match="已有未结束"):
        problem_of_cluster(actor=lead, product="CUP", batch="B1", category=ISSUE)
    with pytest.raises(InvalidInput, match="没有这一类"):
        problem_of_cluster(actor=lead, product="没有", batch="", category="")
    with pytest.raises(InvalidInput) as refused:
        move_record(record=problem, actor=lead, state="analysing")
    assert set(refused.value.fields) == {"owner", "review_on"}
    problem = update_record(record=problem, actor=lead, changes={"owner": agent, "review_on": date(2026, 12, 1)})
    problem = move_record(record=problem, actor=lead, state="analysing")
    with pytest.raises(InvalidInput, match="根本原因"):
        move_record(record=problem, actor=lead, state="fixing")
    problem = update_record(record=problem, actor=lead, changes={"root_cause": "外箱太薄", "fix": "换加厚纸箱"})
    problem = move_record(record=problem, actor=lead, state="fixing")
    assert move_record(record=problem, actor=lead, state="solved").closed_at is not None
    assert problem_of_cluster(actor=lead, product="CUP", batch="B1", category=ISSUE) != problem


@pytest.mark.capability("C26")
def test_points_above_the_usual_are_ranked_by_excess_with_their_chance(complain: Any, lead: User) -> None:
    complain(8, days=1)
    for week in range(4):
        complain(1, days=8 + 7 * week)
        complain(4, days=8 + 7 * week, product="LAMP", category="物流配送问题")
    complain(4, days=1, product="LAMP", category="物流配送问题")
    found = risk_points(lead)
    assert {(one.dimension, one.value) for one in found} == {("product", "CUP"), ("process", ISSUE)}
    cup = found[0]
    assert (cup.count, cup.expected) == (8, 1.125)
    assert cup.p_value == pytest.approx(0.0000239, rel=0.02)
    assert cup.is_significant


@pytest.mark.capability("C26")
def test_acting_on_a_point_makes_one_preventive_task(complain: Any, lead: User) -> None:
    complain(6, days=1)
    task = task_of_risk(actor=lead, dimension="product", value="CUP")
    assert (task.kind, task.owner, task.product) == ("prevention", lead, "CUP")
    assert "预期 0.1 件" in evidence_of(task)[0].text
    with pytest.raises(Conflict):
        task_of_risk(actor=lead, dimension="product", value="CUP")
    with pytest.raises(InvalidInput, match="没有这个风险点"):
        task_of_risk(actor=lead, dimension="carrier", value="顺丰")


@pytest.mark.capability("C17")
@pytest.mark.capability("C26")
def test_the_page_shows_both_and_acts(complain: Any, lead: User) -> None:
    complain(4, days=1, batch="B1")
    person = browser(lead)
    page = text(person.get("/complaints/analysis/"))
    for words in ("CUP", "B1", "新出现", "商品质量", "立问题单", "立预防任务", "显著"):
        assert words in page
    act = {"what": "cluster", "product": "CUP", "batch": "B1", "category": ISSUE}
    assert "CUP · B1" in text(person.post("/complaints/analysis/act/", act, follow=True))
    assert "已有未结束" in text(person.post("/complaints/analysis/act/", act, follow=True))
    problem = Problem.objects.get()
    moved = person.post(f"/problems/{problem.pk}/", {"step": "move", "state": "analysing"})
    assert "请先指定责任人" in text(moved, 409)
    for state in ("unfinished", "open"):
        listing = person.get("/problems/", {"state": state}).context["listing"]
        assert [tab.count for tab in listing.tabs if tab.key == listing.chosen] == [1]
    assert "有 1 处需要修改" in text(person.post(f"/problems/{problem.pk}/edit/", {"title": " "}), 422)


@pytest.mark.capability("C17")
@pytest.mark.capability("C26")
def test_another_system_reads_and_acts(complain: Any, lead: User) -> None:
    complain(4, days=1, batch="B1")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=lead, name='t', actor=lead)[1]}")
    [cluster] = client.get("/api/v1/complaint-clusters/").json()
    assert (cluster["count"], cluster["growth"], cluster["problem"]) == (4, None, None)
    key = {name: cluster[name] for name in ("product", "batch", "category")}
    assert client.post("/api/v1/complaint-clusters/", key, format="json").json()["kind"] == "cluster"
    assert client.post("/api/v1/complaint-clusters/", key, format="json").status_code == 409
    points = client.get("/api/v1/risk-points/").json()
    assert {(one["dimension"], one["value"]) for one in points} == {
        ("product", "CUP"),
        ("batch", "CUP / B1"),
        ("process", ISSUE),
    }
    task = client.post("/api/v1/risk-points/", {"dimension": "product", "value": "CUP"}, format="json")
    assert (task.status_code, task.json()["kind"]) == (201, "prevention")
    assert client.post("/api/v1/risk-points/", {"dimension": "moon", "value": "x"}, format="json").status_code == 400
