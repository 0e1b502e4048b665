"""The complaint pyramid: counts and shares of levels, against the period before, down to the complaints."""

from datetime import timedelta
from typing import Any

import pytest

from core.events import run_consumers
from crm.insights.pyramid import shares_of
from crm.staff.models import User
from tests.followups.conftest import client_of
from tests.workbench.conftest import browser, desk, frozen, make_ticket, text
from tickets.models import Ticket
from tickets.services import editing

__all__ = ["desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C05")]


@pytest.mark.parametrize("counts", [[1, 1, 1], [0, 3, 7, 90], [2, 1, 0, 0], [1] * 7, [0, 0], [5]])
def test_shares_add_to_one_hundred_percent_whatever_the_rounding(counts: list[int]) -> None:
    shares = shares_of(counts)
    assert round(sum(shares), 6) == (1.0 if sum(counts) else 0.0)
    assert all(share >= 0 for share in shares)
    assert [share > 0 for share in shares] == [count > 0 for count in counts]


@pytest.fixture
def complaints(make_ticket: Any, frozen: Any) -> None:
    """A fortnight ago one ordinary complaint; now two doubts, one ordinary, one major, and a consultation."""
    frozen.shift(timedelta(days=-14))
    make_ticket("收到就是坏的，质量太差，我要投诉", type="complaint")
    frozen.shift(timedelta(days=14))
    for body in ("有点不满意", "颜色有点不一样", "收到就是坏的，质量太差，我要投诉", "再不退款我就打12315"):
        make_ticket(body, type="complaint")
    make_ticket("请问怎么清洗", type="consultation")
    run_consumers()


def test_levels_are_counted_and_compared_with_the_period_before(
    complaints: None, supervisor: User, other_agent: User
) -> None:
    found = client_of(supervisor).get("/api/v1/complaint-pyramid/").json()
    assert {one["level"]: (one["count"], one["before"]) for one in found["layers"]} == {
        "crisis": (0, 0),
        "major": (1, 0),
        "ordinary": (1, 1),
        "doubt": (2, 0),
    }
    assert (found["total"], found["total_before"]) == (4, 1)
    assert sum(one["share"] for one in found["layers"]) == pytest.approx(1)
    assert [one["rank"] for one in found["layers"]] == [40, 30, 20, 10]
    bad = client_of(supervisor).get("/api/v1/complaint-pyramid/?from=soon&queue=none")
    assert bad.status_code == 400
    assert set(bad.json()["fields"]) == {"from", "queue"}


def test_a_layer_leads_to_as_many_complaints_as_it_counts(complaints: None, supervisor: User, agent: User) -> None:
    page = text(browser(supervisor).get("/reports/pyramid/"))
    assert "50.0%" in page
    assert "/reports/pyramid/doubt/?from=" in page
    rows = text(browser(supervisor).get("/reports/pyramid/doubt/"))
    assert rows.count('<td class="k-cell-main">') == 2
    assert "没有记录" in text(browser(supervisor).get("/reports/pyramid/crisis/"))
    assert browser(supervisor).get("/reports/pyramid/nothing/").status_code == 404


def test_what_is_no_complaint_any_more_does_not_count(complaints: None, supervisor: User, agent: User) -> None:
    major = Ticket.objects.get(grade__level__key="major")
    editing.edit(ticket=major, actor=supervisor, changes={"type": "consultation"})
    found = client_of(supervisor).get("/api/v1/complaint-pyramid/").json()
    assert found["total"] == 3
