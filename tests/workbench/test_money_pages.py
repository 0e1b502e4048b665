"""The desk's compensation tab, the approvals page, and the customer's compensation panel."""

from typing import Any

import pytest

from tests.world import World
from tickets.compensation import CASES
from tickets.models import Compensation

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B17")]

GOODWILL = {"case": "C-22", "in_P": "100", "in_severity": "10%", "in_responsibility": "1", "amount": "10.00"}


def page(world: World, role: str, address: str, data: dict[str, Any] | None = None) -> str:
    browser = world.browser(role)
    url = world.address(address)
    response = browser.get(url) if data is None else browser.post(url, data, follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.capability("D08")
def test_the_quote_shows_terms_floor_and_articles_while_typing(world: World) -> None:
    shown = page(world, "agent", "/desk/{number}/money/quote/?case=C-04&in_P=166.67")
    assert "¥500.01" in shown
    assert "《消费者权益保护法》第五十五条第一款" in shown
    assert "提交审批" in shown


def test_every_case_has_a_form_and_partial_returns_read_lines(world: World) -> None:
    for case in CASES:
        assert f'value="{case}" selected' in page(world, "agent", f"/desk/{{number}}/money/?case={case}")
    lines = "120×1%0A100×1%0A80×1"
    query = f"case=C-02&in_items={lines}&in_returned=3&in_discount=50&in_threshold=300&in_paid=250"
    assert "¥30.00" in page(world, "agent", f"/desk/{{number}}/money/quote/?{query}")


def test_granting_and_paying_from_the_desk(world: World) -> None:
    shown = page(world, "agent", "/desk/{number}/money/", GOODWILL)
    assert "已给付 10.00 元" in shown
    made = Compensation.objects.order_by("-id")[0]
    shown = page(world, "agent", f"/desk/{{number}}/money/{made.pk}/pay/", {"reference": "T-7"})
    assert "T-7" in shown
    assert "已打款" in shown
    history = page(world, "agent", "/desk/{number}/side/history/")
    assert "补偿 10.00 元已打款" in history
    assert "compensation." not in history


def test_above_the_limit_the_desk_says_that_it_waits(world: World) -> None:
    shown = page(world, "agent", "/desk/{number}/money/", GOODWILL | {"in_P": "900", "amount": "90"})
    assert "已提交审批：超出授权额度" in shown


def test_a_refusal_keeps_what_was_typed(world: World) -> None:
    shown = page(world, "lead", "/desk/{number}/money/", {"case": "C-07", "in_P": "50", "amount": "10"})
    assert "不得低于法定下限 1000.00 元" in shown
    assert 'name="in_P" value="50"' in shown


def test_a_supervisor_decides_on_the_page(world: World) -> None:
    assert "批准" in page(world, "supervisor", "/approvals/")
    assert "批准</button>" not in page(world, "agent", "/approvals/?tab=mine")
    page(world, "supervisor", "/approvals/{approval}/decide/", {"decision": "approve", "note": "同意"})
    assert Compensation.objects.get(approval=world.ids["approval"]).status == "granted"
    assert "同意" in page(world, "agent", "/approvals/?tab=mine")


@pytest.mark.capability("A01")
def test_the_customers_page_shows_compensations_or_says_there_are_none(world: World) -> None:
    assert "¥550.00" in page(world, "agent", "/customers/{customer}/")
    assert "还没有补偿" in page(world, "admin", "/customers/{spare_customer}/")
