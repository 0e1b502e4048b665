"""After-sales judged by reviews, surveys, complaints and lateness; a finding is tracked to its effect (D15)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from crm.followups.models import SurveyInvitation
from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.services import change_improvement
from crm.insights.models import Improvement
from crm.staff.models import User
from tests.followups.conftest import client_of, committed, solve
from tests.tickets.aftersales import apply, place_order
from tests.tickets.conftest import MONDAY_NINE
from tests.workbench.conftest import browser, no_export_limit, text
from tickets.models import AfterSales, Ticket

__all__ = ["committed", "no_export_limit", "solve"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D15"), pytest.mark.capability("I16")]

REPORT, ROWS = "/api/v1/after-sales-report/", "/reports/after-sales/rows/"
EARLY, LATE = MONDAY_NINE - timedelta(days=60), MONDAY_NINE - timedelta(days=20)
Ask = Callable[..., None]


@pytest.fixture
def ask(make_ticket: Callable[..., Ticket], agent: User, frozen: Any) -> Ask:
    """So many requests of after-sales, with what customers said of them."""
    numbers: Iterator[int] = iter(range(1000))

    def run(number: int, *, at: datetime = MONDAY_NINE, platform: str = "taobao", **values: Any) -> None:
        ticket = make_ticket("想退货", type=values.pop("type", "after_sales"))
        made = apply(ticket, agent, place_order(ticket, no=f"T{next(numbers)}", platform=platform))
        AfterSales.objects.filter(pk=made.pk).update(requested_at=at, **values)
        row = AfterSales.objects.get(pk=made.pk)
        copies = []
        for _copy in range(number - 1):
            copy = AfterSales.objects.get(pk=row.pk)
            copy.pk, copy.id, copy.row_key, copy._state.adding = None, None, uuid4(), True  # type: ignore[assignment]
            copies.append(copy)
        AfterSales.objects.bulk_create(copies)

    return run


def report(user: User, **query: Any) -> dict[str, Any]:
    answer = client_of(user).get(REPORT, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def lines(found: dict[str, Any], table: str) -> dict[str, dict[str, Any]]:
    wanted = next(one for one in found["tables"] if one["key"] == table)
    return {line["key"]: line for line in wanted["lines"]}


def test_reviews_surveys_complaints_and_lateness_stand_side_by_side(
    ask: Ask, solve: Callable[[Ticket], Ticket], supervisor: User
) -> None:
    ask(3, kind="exchange", rating=5)
    ask(2, kind="exchange", rating=2, type="complaint", overdue_count=1)
    ask(1, kind="repair", reason="warranty", platform="jd")
    for ticket in Ticket.objects.filter(type="complaint"):
        solve(ticket)
        SurveyInvitation.objects.filter(ticket=ticket).update(score=1, answered_at=MONDAY_NINE)
    found = report(supervisor)
    exchange = lines(found, "kind")["exchange"]
    assert {key: (one["hits"], one["n"]) for key, one in exchange["shares"].items()} == {
        "rating": (3, 5),
        "survey": (0, 2),
        "complaint": (2, 5),
        "late": (2, 5),
    }
    assert found["total"]["n"] == 6
    assert lines(found, "reason")["warranty"]["n"] == 1
    assert lines(found, "shop")["shop-jd"]["n"] == 1
    assert report(supervisor, platform="jd")["total"]["n"] == 1
    assert report(supervisor, shop="shop-taobao")["total"]["n"] == 5


@pytest.mark.usefixtures("no_export_limit")
def test_every_figure_leads_to_as_many_requests(ask: Ask, supervisor: User, agent: User) -> None:
    ask(3, kind="exchange", rating=5)
    ask(2, kind="repair", rating=2, overdue_count=1)
    page = text(browser(supervisor).get("/reports/after-sales/"))
    assert "立改进项" in page
    assert "样本不足" in page

    def rows(**query: str) -> int:
        return text(browser(supervisor).get(ROWS, query)).count('<td class="k-cell-main">')

    assert (rows(), rows(kind="repair"), rows(seen="rating_n"), rows(seen="rating_hits")) == (5, 2, 5, 3)
    assert (rows(seen="late_hits"), rows(seen="survey_n"), rows(platform="jd"), rows(kind="x")) == (2, 0, 0, 5)
    answer = browser(supervisor).get("/reports/after-sales/export/?format=xlsx")
    assert "spreadsheet" in answer["Content-Type"]
    assert browser(agent).get("/reports/after-sales/").status_code == 403


def test_a_finding_becomes_an_improvement_that_is_tracked_to_its_effect(ask: Ask, lead: User, supervisor: User) -> None:
    ask(40, at=EARLY, kind="exchange", rating=2)
    ask(40, at=LATE, kind="exchange", rating=5)
    ask(40, at=LATE, kind="repair", rating=1)
    days = f"?from={EARLY:%F}&to={EARLY + timedelta(days=13):%F}"
    given = {"measure": "rating", "dimension": "kind", "value": "exchange"}
    made = client_of(lead).post(f"{REPORT}{days}", given, format="json")
    assert made.status_code == 201, made.content
    item = Improvement.objects.get(pk=made.json()["id"])
    assert (item.source, item.baseline_first, item.metric) == ("finding", EARLY.date(), "satisfaction")
    assert "换货" in item.title
    effect = effect_of(item, supervisor)
    assert (effect.before.value, effect.before.n, effect.verdict.key) == (0.0, 40, "no_period")
    after = {"after_first": LATE.date() - timedelta(days=1), "after_last": LATE.date() + timedelta(days=5)}
    effect = effect_of(change_improvement(record=item, actor=lead, changes=after), supervisor)
    assert effect.after is not None
    assert (effect.after.value, effect.after.n, effect.verdict.key) == (1.0, 40, "better")
    page = text(browser(lead).get(f"/improvements/{item.pk}/"))
    assert "售后评价满意率" in page
    assert "/reports/after-sales/rows/?" in page
    assert item.title in text(browser(lead).get("/reports/after-sales/"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "measure"),
        ({"measure": "price"}, "measure"),
        ({"measure": "late", "dimension": "weather"}, "dimension"),
        ({"measure": "late", "dimension": "kind", "value": "gift"}, "value"),
        ({"measure": "late", "platform": "moon"}, "platform"),
        ({"measure": "late", "dimension": "kind", "value": "repair"}, "value"),
        ({"measure": "late", "more": 1}, "more"),
    ],
)
def test_what_is_no_finding_is_refused_by_name(ask: Ask, lead: User, given: dict[str, Any], field: str) -> None:
    ask(1, kind="exchange")
    answer = client_of(lead).post(REPORT, given, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not Improvement.objects.exists()


def test_the_page_says_what_was_wrong_and_odd_addresses_narrow_nothing(ask: Ask, lead: User) -> None:
    ask(1, kind="exchange")
    refused = browser(lead).post("/reports/after-sales/improve/", {"measure": "price"})
    assert refused.status_code == 400
    assert "没有这个指标" in refused.content.decode()
    assert browser(lead).get("/reports/after-sales/?platform=moon&from=x").status_code == 200
    assert client_of(lead).get(REPORT, {"platform": "moon"}).status_code == 400
