"""A suggestion for every complaint (C19): by rule or precedent, with its cost, its basis and words for it."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from crm.staff.models import User
from crm.staff.services import issue_token
from tests.scripts_library.factories import make_script
from tests.workbench.conftest import browser, text
from tickets.models import Ticket
from tickets.services import compensations
from tickets.services.solutions import Matter, rule_for, suggest

pytestmark = [pytest.mark.capability("C19"), pytest.mark.django_db]


def matter(category: str = "商品质量问题", price: str | None = "100", **more: object) -> Matter:
    values = {"text": "", "has_evidence": True, **more}
    return Matter(category=category, price=Decimal(price) if price else None, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("category", "said", "case"),
    [
        ("商品质量问题", "", "C-03"),
        ("商品质量问题", "奶粉都过期了", "C-06"),
        ("商品质量问题", "明明是假货", "C-04"),
        ("物流配送问题", "快递丢件了", "C-13"),
        ("退款退货", "七天无理由退货", "C-01"),
        ("服务态度", "说话难听", ""),
    ],
)
def test_the_gravest_rule_that_fits_speaks(category: str, said: str, case: str) -> None:
    assert rule_for(category, said) == case


def test_without_precedent_it_says_so_and_gives_the_statutory_baseline() -> None:
    first = suggest(matter())[0]
    assert (first.source, first.case, first.cost, first.floor) == ("rule", "C-03", Decimal("100.00"), Decimal("100.00"))
    assert "没有先例，按法定基准给出。" in first.notes
    assert first.basis


def test_there_is_always_one_even_when_nothing_is_known() -> None:
    [only] = suggest(matter(category="", price=None, text=""))
    assert (only.source, only.case, only.cost) == ("baseline", "C-22", None)


def test_missing_evidence_asks_for_it_and_does_not_refuse() -> None:
    assert any("补充照片或视频" in note for note in suggest(matter(has_evidence=False))[0].notes)


def test_a_customer_to_keep_is_offered_more_and_a_disputed_one_not_less() -> None:
    def goodwill(*types: str) -> Decimal | None:
        return next(one.cost for one in suggest(matter(customer_types=types)) if one.case == "C-22")

    plain = goodwill()
    assert plain is not None
    assert goodwill("高价值") == plain * Decimal("1.2")
    disputed = suggest(matter(customer_types=["争议"]))
    assert disputed[0].cost == suggest(matter())[0].cost
    assert any("法定权利不受影响" in note for note in disputed[0].notes)


def test_what_was_usual_is_suggested_with_its_cost_and_count(
    make_ticket: Callable[..., Ticket], supervisor: User, lead: User
) -> None:
    make_script(author=lead, reviewer=supervisor, key="SOL-1", title="质量退货方案", body="质量问题，为您退款。")
    for number in (20, 40):
        compensations.grant(
            ticket=make_ticket("碎了", type="complaint", category="商品质量问题"),
            actor=supervisor,
            case="C-20",
            inputs={"P": "100"},
            amount=Decimal(number),
        )
    found = suggest(matter(price="150"))
    assert not any("没有先例" in note for one in found for note in one.notes)
    usual = next(one for one in found if one.source == "precedent")
    assert (usual.case, usual.n, usual.cost) == ("C-20", 2, Decimal("45.00"))
    assert usual.script is not None


def test_desk_and_api_give_the_same_suggestion(
    make_ticket: Callable[..., Ticket], agent: User, supervisor: User
) -> None:
    ticket = make_ticket("收到就坏了", type="complaint", category="商品质量问题")
    assert "方案建议" in text(browser(supervisor).get(f"/desk/{ticket.number}/side/money/"))
    page = text(browser(supervisor).get(f"/desk/{ticket.number}/weigh/"))
    assert "法定下限" in page
    assert "用此方案" in page
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=agent, name='t', actor=agent)[1]}")
    given = {"ticket": ticket.number, "amount": "80.00", "has_evidence": True}
    found = client.post("/api/v1/solutions/", given, format="json").json()
    assert (found[0]["case"], found[0]["cost"]) == ("C-03", "80.00")
    assert client.post("/api/v1/solutions/", {}, format="json").status_code == 400
    assert client.post("/api/v1/solutions/", {"category": "x", "amount": "0"}, format="json").status_code == 400
