"""Fair outcomes (C15): the usual of similar complaints is shown, and whoever leaves it says why."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from core.errors import InvalidInput
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.workbench.conftest import browser, text
from tickets.models import Compensation, Ticket
from tickets.precedents import band_of, spread_of
from tickets.services import compensations
from tickets.services.precedents import precedents_of

pytestmark = pytest.mark.capability("C15")
GOODWILL = {"severity": "1", "responsibility": "1"}


@pytest.mark.parametrize(
    ("price", "band"),
    [("0.01", "0–50"), ("49.99", "0–50"), ("50", "50–200"), ("1999.99", "500–2000"), ("2000", "≥2000")],
)
def test_prices_fall_into_bands_whose_lower_edge_belongs_to_them(price: str, band: str) -> None:
    assert band_of(Decimal(price)).text == band


def test_percentiles_interpolate_and_few_outcomes_bind_nobody() -> None:
    spread = spread_of([n / 10 for n in range(11)])
    assert (spread.p10, spread.median, spread.p90) == (pytest.approx(0.1), 0.5, pytest.approx(0.9))
    assert [spread.is_outside(share) for share in (0.0999, 0.1, 0.9, 0.9001)] == [True, False, False, True]
    assert not spread_of([0.1] * 9).is_outside(1.0)
    assert spread_of([]).median is None


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Callable[[], Ticket]:
    def make() -> Ticket:
        return make_ticket("杯子碎了", type="complaint", category="商品质量问题")

    return make


@pytest.fixture
def usual(complaint: Callable[[], Ticket], supervisor: User) -> None:
    """Ten complaints of the category were given ten percent of 100 yuan."""
    for _number in range(10):
        compensations.grant(
            ticket=complaint(),
            actor=supervisor,
            case="C-22",
            inputs={"P": "100", **GOODWILL},
            amount=Decimal("10"),
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("usual")
def test_an_outcome_outside_the_usual_wants_a_reason(complaint: Callable[[], Ticket], supervisor: User) -> None:
    inputs = {"P": "150", **GOODWILL}
    ticket = complaint()
    with pytest.raises(InvalidInput, match="须在备注写明理由") as refused:
        compensations.grant(ticket=ticket, actor=supervisor, case="C-22", inputs=inputs, amount=Decimal("60"))
    assert (refused.value.code, list(refused.value.fields)) == ("outside_precedents", ["note"])
    compensations.grant(
        ticket=ticket, actor=supervisor, case="C-22", inputs=inputs, amount=Decimal("60"), note="客户受伤就医"
    )
    compensations.grant(ticket=complaint(), actor=supervisor, case="C-22", inputs=inputs, amount=Decimal("15"))


@pytest.mark.django_db
@pytest.mark.usefixtures("usual")
def test_another_category_or_band_and_what_the_law_fixes_ask_nothing(
    complaint: Callable[[], Ticket], make_ticket: Callable[..., Ticket], supervisor: User
) -> None:
    other = make_ticket("态度差", type="complaint", category="服务态度")
    for ticket, price in ((other, "150"), (complaint(), "250")):
        inputs = {"P": price, **GOODWILL}
        compensations.grant(ticket=ticket, actor=supervisor, case="C-22", inputs=inputs, amount=Decimal(price) / 2)
    compensations.grant(
        ticket=complaint(), actor=supervisor, case="C-04", inputs={"P": "150"}, amount=Decimal("650.00")
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("usual")
def test_refused_and_expired_ones_are_no_precedents(supervisor: User) -> None:
    Compensation.objects.filter(pk__in=Compensation.objects.values("pk")[:3]).update(status="rejected")
    assert precedents_of(category="商品质量问题", price=Decimal(100)).spread.n == 7


@pytest.mark.django_db
@pytest.mark.usefixtures("usual")
def test_the_desk_and_another_system_see_the_usual(
    complaint: Callable[[], Ticket], agent: User, supervisor: User
) -> None:
    ticket = complaint()
    values = {"case": "C-22", "in_P": "150", "in_severity": "1", "in_responsibility": "1", "amount": "60"}
    page = browser(supervisor)
    assert "10 件：多为 ¥15.00–15.00" in text(page.get(f"/desk/{ticket.number}/money/quote/", values))
    assert "超出须在备注写明理由" in text(page.post(f"/desk/{ticket.number}/money/", values))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=agent, name='t', actor=agent)[1]}")
    found = client.get("/api/v1/precedents/", {"category": "商品质量问题", "amount": "150"}).json()
    assert (found["n"], found["p10"], found["binds"]) == (10, 0.1, True)
    assert client.get("/api/v1/precedents/", {"category": "商品质量问题", "amount": "-1"}).status_code == 400
