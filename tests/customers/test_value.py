"""What customers are worth and how likely they stay away: formulas §9 and §10 to the last digit."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.timers import arm_periodic, fire_due
from customers import concerns, value
from customers.models import Customer, CustomerSettings, CustomerValue, Shop, ValueBase
from customers.services import compute_values, create_customer, merge_customers, unmerge_customers, upsert_order
from customers.services import values as values_service

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.capability("A05")]

#: Customer, R, F, M, segment, quintile scores: the table of formulas §9.
REFERENCE = [
    ("A", 5, 12, 3600, "111", "555"),
    ("B", 40, 10, 2900, "111", "355"),
    ("C", 8, 2, 260, "100", "422"),
    ("D", 120, 1, 90, "000", "111"),
    ("E", 15, 3, 2400, "101", "434"),
    ("F", 200, 9, 700, "010", "143"),
    ("G", 60, 2, 1500, "001", "224"),
    ("H", 3, 1, 59, "100", "511"),
    ("I", 90, 4, 520, "000", "232"),
    ("J", 30, 6, 1100, "110", "343"),
]
NAMES = {"111": "重要价值", "101": "重要发展", "011": "重要保持", "001": "重要挽留"} | {
    "110": "一般价值",
    "100": "一般发展",
    "010": "一般保持",
    "000": "一般挽留",
}


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop.objects.create(key="s1", name="一店")


Buy = Callable[..., Customer]


@pytest.fixture
def buy(shop: Shop) -> Buy:
    """A customer who bought so many days ago, each time for so much."""

    def make(name: str, days: list[int], amount: Any = 100, *, status: str = "signed", at: datetime = NOON) -> Customer:
        customer = create_customer(actor=None, changes={"name": name})
        for number, ago in enumerate(days):
            moment = at - timedelta(days=ago)
            total = Decimal(amount)
            order: Any = {"status": status, "ordered_at": moment, "paid_at": moment, "total": total, "paid": total}
            upsert_order(actor=None, shop=shop, order_no=f"{name}{number}", customer=customer, values=order)
        return customer

    return make


@pytest.fixture
def reference(buy: Buy) -> dict[str, Customer]:
    """The ten customers of the table: F orders, the last R days ago, together for M."""
    made = {}
    for name, recency, frequency, monetary, _segment, _score in REFERENCE:
        each = Decimal(monetary // frequency)
        made[name] = buy(name, [recency + 7 * number for number in range(frequency)], each)
        rest = monetary - each * frequency
        made[name].orders.filter(order_no=f"{name}0").update(paid=each + rest)
    return made


def standing(customer: Customer) -> CustomerValue:
    return CustomerValue.objects.select_related("base").get(customer=customer)


@time_machine.travel(NOON, tick=False)
def test_the_reference_table_comes_out_of_orders(reference: dict[str, Customer]) -> None:
    base = compute_values()
    assert (base.mean_recency, base.mean_frequency, base.mean_monetary) == (
        Decimal("57.1"),
        Decimal(5),
        Decimal("1312.9"),
    )
    for name, recency, frequency, monetary, segment, score in REFERENCE:
        row = standing(reference[name])
        assert (row.recency, row.frequency, row.monetary) == (recency, frequency, monetary), name
        assert (row.segment, row.score) == (segment, score), name
        assert row.get_segment_display() == NAMES[segment]


@time_machine.travel(NOON, tick=False)
def test_the_segments_add_to_the_base_and_who_never_paid_is_in_none(reference: dict[str, Customer], buy: Buy) -> None:
    never = create_customer(actor=None, changes={"name": "无单"})
    unpaid = buy("未付", [3], status="created")
    cancelled = buy("取消", [3], status="cancelled")
    base = compute_values()
    counts = Counter(CustomerValue.objects.values_list("segment", flat=True))
    assert sum(counts.values()) == base.size == 10
    assert set(counts) <= set(NAMES)
    assert not CustomerValue.objects.filter(customer__in=[never, unpaid, cancelled]).exists()


@pytest.mark.parametrize(("smaller", "size", "score"), [(0, 10, 1), (9, 10, 5), (1, 10, 1), (2, 10, 2), (4, 5, 5)])
def test_the_quintile_is_one_and_a_fifth_of_those_strictly_smaller(smaller: int, size: int, score: int) -> None:
    assert value.quintile(smaller, size) == score


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11])
def test_stored_bounds_give_the_quintile_of_counted_ranks_also_with_ties(buy: Buy, size: int) -> None:
    days = [3 * (number * number % 5) for number in range(size)]
    customers = [buy(f"顾客{number}", [ago]) for number, ago in enumerate(days)]
    compute_values()
    for customer, ago in zip(customers, days, strict=True):
        row = standing(customer)
        assert row.r_score == value.quintile(sum(other > ago for other in days), size)
        assert (row.f_score, row.m_score) == (1, 1)


@time_machine.travel(NOON, tick=False)
def test_refunded_money_does_not_count_but_the_order_does(buy: Buy) -> None:
    customer = buy("退款", [10, 20], 50)
    order = customer.orders.get(order_no="退款0")
    upsert_order(actor=None, shop=order.shop, order_no=order.order_no, values={"status": "refunded"})
    compute_values()
    assert (standing(customer).frequency, standing(customer).monetary) == (2, Decimal(50))


@time_machine.travel(NOON, tick=False)
def test_a_year_is_365_days_to_the_second(buy: Buy) -> None:
    inside = buy("内", [364])
    edge = buy("边", [365])
    compute_values()
    assert standing(inside).frequency == 1
    assert (standing(edge).frequency, standing(edge).monetary, standing(edge).recency) == (0, 0, 365)


class TestChurn:
    pytestmark = pytest.mark.capability("A21")

    def test_the_reference_values(self) -> None:
        ratio = value.churn_ratio(75, Decimal(30))
        assert ratio == Decimal("2.5")
        assert value.band_of(ratio, value.Limits()) == value.WARN
        assert value.gone_index(ratio) == pytest.approx(0.917915, abs=5e-7)

    @pytest.mark.parametrize(
        ("ratio", "band"),
        [
            ("1.49", "stays"),
            ("1.5", "watch"),
            ("1.99", "watch"),
            ("2", "warn"),
            ("2.99", "warn"),
            ("3", "lost"),
        ],
    )
    def test_each_band_begins_at_its_limit(self, ratio: str, band: str) -> None:
        assert value.band_of(Decimal(ratio), value.Limits()) == band

    @time_machine.travel(NOON, tick=False)
    def test_the_own_gap_counts_from_two_gaps_on(self, buy: Buy) -> None:
        known = buy("三次", [75, 105, 135])
        young = buy("两次", [75, 105])
        compute_values()
        row = standing(known)
        assert (row.churn_ratio, row.churn_band, row.churn_basis, row.gaps) == (Decimal("2.5"), "warn", "own", 2)
        assert standing(young).churn_basis != "own"

    @time_machine.travel(NOON, tick=False)
    def test_one_order_is_measured_against_the_median_of_the_segment_and_says_so(self, buy: Buy) -> None:
        for name, gap in (("甲", 20), ("乙", 40), ("丙", 60)):
            buy(name, [30, 30 + gap, 30 + 2 * gap])
        once = buy("一次", [30], 300)
        compute_values()
        row = standing(once)
        same = CustomerValue.objects.filter(segment=row.segment).count()
        assert (row.churn_gap, row.churn_ratio) == (Decimal(40), Decimal("0.75"))
        assert row.churn_basis == ("segment" if same == 4 else "everybody")
        assert row.gaps == 0

    def test_the_segment_comes_before_everybody(self) -> None:
        measures = value.Measures(60, 1, Decimal(1), 1, 1, date(2026, 1, 1), date(2026, 1, 1))
        zero = Decimal(0)
        base = value.Base(1, zero, zero, zero, [], [], [], {"000": Decimal(20)}, Decimal(30))
        by_segment = value.churn_of(measures, segment="000", base=base, limits=value.Limits())
        by_all = value.churn_of(measures, segment="111", base=base, limits=value.Limits())
        assert by_segment is not None
        assert by_all is not None
        assert (by_segment.ratio, by_segment.basis) == (3, "segment")
        assert (by_all.ratio, by_all.basis) == (2, "everybody")

    @time_machine.travel(NOON, tick=False)
    def test_nothing_is_said_while_nobodys_rhythm_is_known(self, buy: Buy) -> None:
        customer = buy("一次", [30])
        compute_values()
        row = standing(customer)
        assert (row.churn_ratio, row.churn_band, row.churn_basis) == (None, "", "")

    @time_machine.travel(NOON, tick=False)
    def test_orders_of_one_day_are_one_purchase(self, buy: Buy) -> None:
        customer = buy("同日", [10, 10, 10])
        compute_values()
        assert (standing(customer).orders, standing(customer).gaps) == (3, 0)

    @time_machine.travel(NOON, tick=False)
    def test_grievances_add_what_the_settings_say(self, buy: Buy, monkeypatch: pytest.MonkeyPatch) -> None:
        customer = buy("三次", [30, 60, 90])
        monkeypatch.setattr(concerns, "_concerns", {})
        concerns.register(concerns.OPEN_COMPLAINT, set)
        compute_values()
        assert (standing(customer).churn_ratio, standing(customer).churn_band) == (Decimal("1.5"), "watch")
        concerns.register(concerns.LOW_SCORE, set)
        compute_values()
        assert (standing(customer).churn_ratio, standing(customer).has_low_score) == (Decimal(2), True)
        CustomerSettings.objects.create(pk=1, complaint_addition=Decimal(2))
        compute_values()
        assert (standing(customer).churn_ratio, standing(customer).churn_band) == (Decimal("3.5"), "lost")


class TestLifetimeValue:
    def test_the_simple_one(self) -> None:
        found = value.simple_clv(
            order_value=Decimal(160), orders_a_year=Decimal(5), margin=Decimal("0.25"), years=Decimal(3)
        )
        assert found == 600

    @pytest.mark.parametrize(
        ("at_start", "years", "expected"),
        [(False, None, "560"), (True, None, "880"), (True, 3, "653.223140")],
    )
    def test_the_discounted_ones(self, at_start: bool, years: int | None, expected: str) -> None:
        found = value.discounted_clv(
            margin=Decimal(320),
            retention=Decimal("0.7"),
            discount=Decimal("0.1"),
            paid_at_start=at_start,
            years=years,
        )
        assert round(found, 6) == Decimal(expected)

    def test_a_sum_without_end_is_refused(self) -> None:
        with pytest.raises(ValueError, match="below"):
            value.discounted_clv(
                margin=Decimal(1), retention=Decimal("1.1"), discount=Decimal("0.1"), paid_at_start=True
            )


class TestKeeping:
    @time_machine.travel(NOON, tick=False)
    def test_an_order_counts_at_once(
        self, buy: Buy, shop: Shop, django_capture_on_commit_callbacks: Any, reference: dict[str, Customer]
    ) -> None:
        compute_values()
        with django_capture_on_commit_callbacks(execute=True):
            late = buy("新客", [1], 5000)
        row = standing(late)
        assert (row.r_score, row.f_score, row.m_score, row.segment) == (5, 1, 5, "101")
        order = late.orders.get()
        with django_capture_on_commit_callbacks(execute=True):
            upsert_order(actor=None, shop=shop, order_no=order.order_no, values={"status": "cancelled"})
        assert not CustomerValue.objects.filter(customer=late).exists()

    @time_machine.travel(NOON, tick=False)
    def test_before_the_first_night_nothing_is_invented(
        self, buy: Buy, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            buy("早", [1])
        assert not CustomerValue.objects.exists()

    @time_machine.travel(NOON, tick=False)
    def test_merging_moves_the_orders_and_the_value_follows(
        self, buy: Buy, lead: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        source, target = buy("甲", [10]), buy("乙", [20])
        compute_values()
        with django_capture_on_commit_callbacks(execute=True):
            merge = merge_customers(source=source, target=target, actor=lead)
        assert standing(target).orders == 2
        assert not CustomerValue.objects.filter(customer=source).exists()
        with django_capture_on_commit_callbacks(execute=True):
            unmerge_customers(merge=merge, actor=lead)
        assert (standing(source).orders, standing(target).orders) == (1, 1)

    def test_the_night_scores_chunk_by_chunk(
        self, reference: dict[str, Customer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(values_service, "CHUNK", 3)
        gone = create_customer(actor=None, changes={"name": "曾经"})
        with time_machine.travel(NOON, tick=False):
            base = compute_values()
            CustomerValue.objects.filter(customer=reference["A"]).delete()
            row = standing(reference["B"])
            row.pk, row.customer = None, gone  # type: ignore[assignment]
            row.save()
        night = NOON + timedelta(days=1)
        arm_periodic(now=night)
        fire_due(now=night)
        assert ValueBase.objects.exclude(pk=base.pk).count() == 1
        assert CustomerValue.objects.count() == 10
        assert not CustomerValue.objects.filter(base=base).exists()
        assert standing(reference["A"]).recency == 6

    @time_machine.travel(NOON, tick=False)
    def test_a_chunk_takes_the_same_statements_whatever_its_size(self, buy: Buy) -> None:
        def statements() -> int:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                compute_values()
            return len(queries)

        buy("甲", [1, 5, 9])
        few = statements()
        for number in range(8):
            buy(f"乙{number}", [number + 1, number + 9, number + 30])
        assert statements() == few


class TestShown:
    pytestmark = pytest.mark.capability("A01")

    def browser(self, user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="crm.staff.backends.RoleBackend")
        return client

    @time_machine.travel(NOON, tick=False)
    def test_the_page_explains_the_numbers(self, reference: dict[str, Customer], agent: Any) -> None:
        compute_values()
        page = self.browser(agent).get(f"/customers/{reference['A'].pk}/").content.decode()
        for words in ("重要价值", "555", "样本 12 单", "10 位有消费客户", "均值 57.1", "本人平均下单间隔", "11 个间隔"):
            assert words in page, words

    def test_a_customer_without_orders_is_shown_as_such(self, agent: Any) -> None:
        customer = create_customer(actor=agent, changes={"name": "无单"})
        page = self.browser(agent).get(f"/customers/{customer.pk}/").content.decode()
        assert "无消费" in page
        assert "尚未计算" not in page

    def test_orders_that_wait_for_the_night_say_so(self, agent: Any, buy: Buy) -> None:
        customer = buy("早", [1])
        assert "尚未计算" in self.browser(agent).get(f"/customers/{customer.pk}/").content.decode()

    @time_machine.travel(NOON, tick=False)
    def test_the_api_tells_value_and_churn_or_null(self, agent: Any, reference: dict[str, Customer]) -> None:
        nobody = create_customer(actor=agent, changes={"name": "无单"})
        compute_values()
        browser = self.browser(agent)
        shown = browser.get(f"/api/v1/customers/{reference['A'].pk}/").json()
        assert shown["value"] == {
            "segment": "111",
            "segment_name": "重要价值",
            "score": "555",
            "recency_days": 5,
            "frequency": 12,
            "monetary": "3600.00",
            "orders": 12,
            "base_size": 10,
            "computed_at": shown["value"]["computed_at"],
        }
        assert (shown["churn"]["ratio"], shown["churn"]["band"], shown["churn"]["gap_days"]) == ("0.71", "stays", "7.0")
        assert (shown["churn"]["basis"], shown["churn"]["gaps"], shown["churn"]["days"]) == ("own", 11, 5)
        empty = browser.get(f"/api/v1/customers/{nobody.pk}/").json()
        assert (empty["value"], empty["churn"]) == (None, None)
