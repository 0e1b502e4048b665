"""Methods of settling complaints compared (C28), and remedies against none for similar complaints (D23)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.statistics import two_proportions
from crm.insights.remedies.shares import Mean, Share, Stratum, matched
from crm.staff.models import User
from tests.followups.conftest import client_of
from tests.tickets.conftest import MONDAY_NINE
from tests.workbench.conftest import browser, no_export_limit, text
from tickets.models import ComplaintOutcome, Ticket

__all__ = ["no_export_limit"]

REPORT, LIST = "/api/v1/remedy-report/", "/reports/outcomes/"
CLOSED = MONDAY_NINE - timedelta(days=40)
Settle = Callable[..., None]


# Arithmetic ------------------------------------------------------------------------------


@pytest.mark.capability("C28")
@pytest.mark.parametrize(("n", "enough"), [(0, False), (29, False), (30, True)])
def test_twenty_nine_are_too_few_and_thirty_are_enough(n: int, enough: bool) -> None:
    assert Share(0, n).is_enough is enough
    assert Mean(1.0, 1.0, n).is_enough is enough


@pytest.mark.capability("C28")
def test_nothing_is_a_dash_and_not_zero() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval, Mean(None, None, 0).interval) == (None, None, None)
    assert Mean(5.0, None, 1).interval is None


@pytest.mark.capability("D23")
def test_one_stratum_gives_the_plain_difference_and_its_usual_interval() -> None:
    found = matched([Stratum(Share(60, 100), Share(40, 100))])
    assert found.difference == pytest.approx(0.2)
    assert found.interval is not None
    # The variance of a difference of shares: 0.24 ÷ 100 + 0.24 ÷ 100.
    assert found.interval.low == pytest.approx(0.2 - 1.959964 * 0.0048**0.5, abs=1e-6)
    plain = two_proportions(60, 100, 40, 100)
    assert plain is not None
    assert found.p_value == pytest.approx(plain.p_value, abs=1e-3)


@pytest.mark.capability("D23")
def test_matching_undoes_what_the_mix_of_cases_pretends() -> None:
    """Remedied complaints are the graver ones here: alike compared with alike, the remedy helps nobody."""
    strata = [Stratum(Share(80, 100), Share(8, 10)), Stratum(Share(4, 20), Share(40, 200))]
    found = matched(strata)
    assert found.treated.value != found.plain.value
    assert found.difference == pytest.approx(0.0)
    assert found.p_value == pytest.approx(1.0)


@pytest.mark.capability("D23")
def test_who_has_no_match_is_left_out_and_counted() -> None:
    found = matched([Stratum(Share(5, 7), Share(0, 0)), Stratum(Share(0, 0), Share(1, 3))])
    assert (found.difference, found.unmatched, found.is_enough) == (None, 10, False)
    certain = matched([Stratum(Share(40, 40), Share(0, 40))])
    assert certain.difference == 1
    assert certain.interval is not None
    assert certain.interval.low < 1
    assert certain.p_value is not None
    assert certain.p_value < 0.001


# The report ------------------------------------------------------------------------------


@pytest.fixture
def settle(make_ticket: Callable[..., Ticket], frozen: Any) -> Settle:
    """So many complaints were settled in a way, with what became of them."""
    ticket = make_ticket("我要投诉", type="complaint")
    moments: Iterator[int] = iter(range(10_000))

    def run(number: int, **values: Any) -> None:
        told = {"category": "商品质量问题", "methods": ["refund"], "handling_minutes": 600, "price": Decimal(100)}
        ComplaintOutcome.objects.bulk_create(
            ComplaintOutcome(ticket=ticket, closed_at=CLOSED + timedelta(seconds=next(moments)), **{**told, **values})
            for _one in range(number)
        )

    return run


@pytest.mark.django_db
@pytest.mark.capability("C28")
def test_methods_are_compared_with_n_and_interval_and_few_are_said_to_be_few(settle: Settle, supervisor: User) -> None:
    settle(30, methods=["refund"], satisfaction=5, cost=Decimal(90), repurchase_count=1)
    settle(29, methods=["apology"], satisfaction=2)
    settle(1, methods=["refund", "compensation"], satisfaction=2, cost=Decimal(10))
    found = client_of(supervisor).get(REPORT).json()
    lines = {line["key"]: line for line in found["methods"]}
    assert {key: (line["n"], line["is_enough"]) for key, line in lines.items()} == {
        "refund": (31, True),
        "compensation": (1, False),
        "apology": (29, False),
    }
    refund = lines["refund"]
    assert (refund["satisfied"]["hits"], refund["satisfied"]["n"]) == (30, 31)
    assert refund["satisfied"]["interval"]["low"] < 30 / 31 < refund["satisfied"]["interval"]["high"]
    assert refund["repurchased"]["value"] == pytest.approx(30 / 31)
    assert refund["cost"]["value"] == pytest.approx((30 * 90 + 10) / 31)
    assert refund["hours"]["value"] == 10
    # A complaint with two methods stands in both lines and once in the whole.
    assert found["total"]["n"] == 60


@pytest.mark.django_db
@pytest.mark.capability("D23")
def test_remedied_complaints_are_compared_with_similar_ones(settle: Settle, supervisor: User) -> None:
    settle(40, satisfaction=5, repurchase_count=1)
    settle(29, methods=["apology"], satisfaction=2)
    settle(50, methods=["apology"], satisfaction=1, category="服务态度")

    def effects() -> dict[str, Any]:
        return {one["key"]: one for one in client_of(supervisor).get(REPORT).json()["effects"]}

    few = effects()["satisfied"]
    assert (few["treated"]["n"], few["plain"]["n"], few["unmatched"]) == (40, 29, 50)
    assert few["verdict"] == "too_few"
    settle(1, methods=["apology"], satisfaction=2)
    enough = effects()
    assert enough["satisfied"]["verdict"] == "better"
    assert enough["satisfied"]["difference"] == pytest.approx(1.0)
    assert enough["repurchased"]["interval"]["low"] > 0


@pytest.mark.django_db
@pytest.mark.capability("D23")
def test_complaints_of_another_band_of_prices_are_not_alike(settle: Settle, supervisor: User) -> None:
    settle(40, satisfaction=5)
    settle(30, methods=["apology"], satisfaction=2, price=Decimal(5000))
    (found,) = [one for one in client_of(supervisor).get(REPORT).json()["effects"] if one["key"] == "satisfied"]
    assert found["difference"] is None


@pytest.mark.django_db
@pytest.mark.capability("C28")
@pytest.mark.usefixtures("no_export_limit")
def test_every_figure_leads_to_as_many_rows(settle: Settle, supervisor: User, other_agent: User) -> None:
    settle(3, satisfaction=5, repurchase_count=1)
    settle(2, methods=["apology"], satisfaction=1, category="")
    page = text(browser(supervisor).get("/reports/remedies/"))
    assert "样本不足" in page
    assert "/reports/outcomes/?from=" in page

    def rows(**query: str) -> int:
        return text(browser(supervisor).get(LIST, query)).count('<td class="k-cell-main">')

    assert (rows(), rows(method="refund"), rows(method="refund", seen="satisfied")) == (5, 3, 3)
    assert (rows(remedied="no"), rows(seen="repurchased"), rows(category="", level="", band="1")) == (2, 3, 2)
    assert (rows(method="nonsense"), rows(level="nonsense")) == (5, 0)
    for address in (
        "/reports/remedies/export/",
        "/reports/remedies/export/?table=effects",
        "/reports/outcomes/export/",
    ):
        answer = browser(supervisor).get(address)
        assert answer["Content-Type"].startswith("text/csv")
    assert browser(supervisor).get("/reports/remedies/export/?table=x").status_code == 404
    assert browser(other_agent).get("/reports/remedies/").status_code == 403


@pytest.mark.django_db
@pytest.mark.capability("C28")
def test_the_api_names_what_it_cannot_read(settle: Settle, supervisor: User) -> None:
    answer = client_of(supervisor).get(REPORT, {"from": "soon", "queue": "none"})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"from", "queue"}
    assert client_of(supervisor).get(REPORT, {"shop": "x"}).status_code == 400
    empty = client_of(supervisor).get(REPORT, {"from": "2026-01-01", "to": "2026-01-02"}).json()
    assert (empty["total"]["n"], empty["methods"], empty["total"]["satisfied"]["value"]) == (0, [], None)
