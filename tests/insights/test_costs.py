"""What compensation costs, against a budget that warns once at 80 and once at 100 percent."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import run_consumers
from crm.insights.models import BudgetAlarm, CompensationBudget
from crm.insights.statistics.api import BudgetUseSerializer
from crm.insights.statistics.budgets import Use, set_budget, spent_in, used_up, uses, warn, watch
from crm.staff.models import User
from customers.models import Shop
from tests.core.concurrency import in_threads
from tests.followups.conftest import client_of
from tests.workbench.conftest import browser, desk, frozen, make_ticket, text
from tickets.models import Compensation, Notice, Ticket
from tickets.services import compensations

__all__ = ["desk", "frozen", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("C32")]
Make = Callable[..., Ticket]
NOVEMBER = date(2026, 11, 1)
DAYS = "from=2026-11-01&to=2026-11-30"


def grant(ticket: Ticket, admin: User, amount: str) -> Compensation:
    inputs = {"P": "10000", "severity": "0.10", "responsibility": "1"}
    made = compensations.grant(ticket=ticket, actor=admin, case="C-22", inputs=inputs, amount=Decimal(amount))
    assert made.status == "granted"
    run_consumers()
    return made


def told(user: User) -> list[str]:
    return list(
        Notice.objects.filter(user=user, kind__startswith="budget").order_by("id").values_list("kind", flat=True)
    )


@pytest.mark.parametrize(
    ("spent", "reached"),
    [("0", []), ("79.99", []), ("80", [80]), ("99.99", [80]), ("100", [80, 100]), ("250", [80, 100])],
)
def test_thresholds_are_reached_exactly(spent: str, reached: list[int]) -> None:
    assert used_up(Decimal(spent), Decimal(100)) == reached


def test_what_is_shown_is_never_rounded_up_to_a_threshold() -> None:
    use = Use(CompensationBudget(month=NOVEMBER, amount=Decimal(300)), Decimal("239.99"))
    assert (use.percent_text, use.reached, use.tone) == ("79.99%", [], "good")


def test_a_budget_warns_once_at_80_and_once_at_100_percent(
    make_ticket: Make, admin: User, supervisor: User, agent: User, frozen: Any
) -> None:
    set_budget(actor=supervisor, month=date(2026, 11, 20), amount=Decimal(100))
    assert CompensationBudget.objects.get().month == NOVEMBER
    ticket = make_ticket()
    expected: list[str] = []
    for amount, kinds in (
        ("79.99", []),
        ("0.01", ["budget_warned"]),
        ("19.99", []),
        ("0.01", ["budget_spent"]),
        ("9", []),
    ):
        paid = grant(ticket, admin, amount)
        expected += kinds
        assert (told(supervisor), told(admin), told(agent)) == (expected, expected, [])
    compensations.pay(compensation=paid, actor=admin)
    run_consumers()
    set_budget(actor=admin, month=NOVEMBER, amount=Decimal(50))
    assert told(supervisor) == expected
    frozen.shift(timedelta(days=20))
    set_budget(actor=admin, month=date(2026, 12, 1), amount=Decimal(10))
    grant(ticket, admin, "10")
    assert told(supervisor) == [*expected, "budget_warned", "budget_spent"]


def test_an_approval_counts_when_it_is_given_and_a_reversal_gives_back(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    from core.approvals.services import decide

    set_budget(actor=supervisor, month=NOVEMBER, amount=Decimal(100))
    inputs = {"P": "10000", "severity": "0.10", "responsibility": "1"}
    asked = compensations.grant(ticket=make_ticket(), actor=agent, case="C-22", inputs=inputs, amount=Decimal(90))
    run_consumers()
    assert (asked.status, spent_in(NOVEMBER, None), told(supervisor)) == ("pending", 0, [])
    assert asked.approval is not None
    decide(request=asked.approval, actor=supervisor, approve=True)
    run_consumers()
    assert (spent_in(NOVEMBER, None), told(supervisor)) == (90, ["budget_warned"])
    compensations.reverse(compensation=asked, actor=supervisor, reason="客户退回")
    assert spent_in(NOVEMBER, None) == 0


def test_a_shop_has_a_budget_of_its_own(make_ticket: Make, admin: User) -> None:
    shop = Shop.objects.create(key="tm", name="天猫店", platform="tmall")
    set_budget(actor=admin, month=NOVEMBER, amount=Decimal(1000))
    set_budget(actor=admin, month=NOVEMBER, amount=Decimal(20), shop=shop)
    grant(make_ticket(), admin, "100")
    assert BudgetAlarm.objects.count() == 0
    grant(make_ticket(shop="tm"), admin, "16")
    assert list(BudgetAlarm.objects.values_list("shop__key", "percent", "spent")) == [("tm", 80, Decimal(16))]


@pytest.mark.django_db(transaction=True)
def test_of_several_at_the_same_moment_one_tells(make_ticket: Make, admin: User, supervisor: User) -> None:
    ticket = make_ticket()
    grant(ticket, admin, "90")
    budget = CompensationBudget.objects.create(month=spent_month(), amount=100, set_by=admin)
    made = in_threads(8, lambda: len(warn(CompensationBudget.objects.get(pk=budget.pk))))
    assert sum(made) == 1
    assert told(supervisor) == ["budget_warned"]


def spent_month() -> date:
    found = Compensation.objects.get().decided_at
    assert found is not None
    return found.date().replace(day=1)


@pytest.mark.parametrize(
    ("amount", "field"), [("0", "amount"), ("0.99", "amount"), ("1.001", "amount"), ("NaN", "amount")]
)
def test_a_budget_is_money(supervisor: User, amount: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        set_budget(actor=supervisor, month=NOVEMBER, amount=Decimal(amount))
    assert list(caught.value.fields) == [field]


def test_who_may_not_set_it_is_refused(agent: User, lead: User) -> None:
    for person in (agent, lead):
        with pytest.raises(NotAllowed):
            set_budget(actor=person, month=NOVEMBER, amount=Decimal(10))


def test_cost_by_reason_product_person_and_month_leads_to_its_rows(
    make_ticket: Make, admin: User, supervisor: User, lead: User
) -> None:
    Shop.objects.create(key="tm", name="天猫店", platform="tmall")
    grant(make_ticket(product="CUP", category="商品质量问题"), admin, "30")
    grant(make_ticket(product="MUG", shop="tm"), admin, "12.50")
    gone = grant(make_ticket(product="CUP"), admin, "7")
    compensations.reverse(compensation=gone, actor=admin, reason="重复")
    set_budget(actor=supervisor, month=NOVEMBER, amount=Decimal(50))
    shown = browser(supervisor).get(f"/reports/costs/?{DAYS}").context
    assert (shown["total"].count, shown["total"].amount) == (2, Decimal("42.50"))
    for lines in (shown["months"], *(table.lines for table in shown["tables"])):
        assert sum(line.amount for line in lines) == Decimal("42.50")
        for line in lines:
            rows = browser(supervisor).get(line.url).context["total"]
            assert (rows.count, rows.amount) == (line.count, line.amount)
    found = client_of(supervisor).get(f"/api/v1/compensation-statistics/?{DAYS}&shop=tm").json()
    assert (found["count"], found["amount"], found["product"][0]["label"]) == (1, "12.50", "MUG")
    assert found["budgets"][0] | {"month": ""} == {
        "month": "", "shop": None, "amount": "50.00", "spent": "42.50", "percent": "85.00", "reached": [80],
    }  # fmt: skip
    file = browser(supervisor).get(f"/reports/costs/export/?{DAYS}")
    assert "月份,2026-11,2,42.50,100.0" in b"".join(file.streaming_content).decode()


def test_budgets_are_set_on_the_page_and_over_the_api(supervisor: User, lead: User) -> None:
    page = browser(supervisor)
    bad = page.post(f"/reports/costs/?{DAYS}", {"month": "soon", "amount": "0"})
    assert "请填写月份" in text(bad, 422)
    assert page.post(f"/reports/costs/?{DAYS}", {"month": "2026-11", "amount": "500"}).status_code == 302
    assert CompensationBudget.objects.get().amount == 500
    assert browser(lead).post("/reports/costs/", {"month": "2026-11", "amount": "5"}).status_code == 403
    client = client_of(supervisor)
    given = {"month": "2026-11", "amount": "600.00", "shop": ""}
    answer = client.post("/api/v1/compensation-budgets/", given, content_type="application/json")
    assert (answer.status_code, answer.json()["amount"]) == (200, "600.00")
    for wrong, field in (({"month": "x"}, "month"), ({"shop": "x"}, "shop"), ({"amount": "-1"}, "amount")):
        answer = client.post("/api/v1/compensation-budgets/", given | wrong, content_type="application/json")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert [row["amount"] for row in client.get(f"/api/v1/compensation-budgets/?{DAYS}").json()] == ["600.00"]


def test_the_budgets_of_many_months_and_shops_are_read_in_one_go(
    make_ticket: Make, admin: User, supervisor: User, django_assert_num_queries: Any
) -> None:
    shop = Shop.objects.create(key="tm", name="天猫店", platform="tmall")
    for month in (date(2026, 10, 1), NOVEMBER, date(2026, 12, 1)):
        for one in (None, shop):
            set_budget(actor=admin, month=month, amount=Decimal(1), shop=one)
    grant(make_ticket(), admin, "100")
    grant(make_ticket(shop="tm"), admin, "16")
    with django_assert_num_queries(2):
        found = {(use.budget.month, use.budget.shop_id): use.spent for use in uses(date(2026, 10, 1), NOVEMBER)}
    assert found == {
        (NOVEMBER, None): Decimal(116),
        (NOVEMBER, shop.pk): Decimal(16),
        (date(2026, 10, 1), None): Decimal(0),
        (date(2026, 10, 1), shop.pk): Decimal(0),
    }


def test_a_budget_overspent_a_million_times_is_still_shown(admin: User) -> None:
    shown = BudgetUseSerializer(Use(CompensationBudget(month=NOVEMBER, amount=Decimal(1)), Decimal(10**12 - 1))).data
    assert shown["percent"] == "99999999999900.00"


def test_what_a_plan_used_up_is_told_with_the_first_ticket_that_costs(
    make_ticket: Make, admin: User, supervisor: User, frozen: Any
) -> None:
    without = grant(make_ticket(), admin, "1")
    frozen.shift(timedelta(days=20))
    set_budget(actor=admin, month=date(2026, 12, 1), amount=Decimal(100))
    without.pk, without.row_key, without.ticket, without.amount = None, uuid4(), None, Decimal(90)
    without.decided_at = clock.now()
    without.save(force_insert=True)
    watch([without.pk])
    assert (BudgetAlarm.objects.count(), told(supervisor)) == (0, [])
    grant(make_ticket(), admin, "1")
    assert told(supervisor) == ["budget_warned"]
