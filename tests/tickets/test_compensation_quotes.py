"""The calculator, row by row of the domain rules, and what holds for every row."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.compensation import CASES, InputFaults, Quote, quote
from tickets.compensation.reading import Kind

pytestmark = pytest.mark.capability("D08")

THREE = [{"price": "120", "quantity": 1}, {"price": "100", "quantity": 1}, {"price": "80", "quantity": 1}]
PARTIAL = {"items": THREE, "discount": "50", "threshold": "300", "paid": "250"}


def additional(case: str, **inputs: Any) -> Decimal:
    return quote(case, inputs).additional


@pytest.mark.parametrize(
    ("price", "owed"),
    [("50", "500"), ("166.66", "500"), ("166.67", "500.01"), ("200", "600"), ("1000", "3000")],
)
def test_c04_fraud_pays_three_times_and_at_least_500(price: str, owed: str) -> None:
    found = quote("C-04", {"P": price})
    assert found.additional == Decimal(owed)
    assert found.refund == Decimal(price)
    assert found.total == Decimal(price) + Decimal(owed)
    assert found.floor == Decimal(owed)
    assert any("第五十五条" in article for article in found.basis)


@pytest.mark.parametrize(
    ("price", "loss", "owed"),
    [("15", "0", "1000"), ("99.99", "0", "1000"), ("100", "0", "1000"), ("150", "0", "1500"), ("30", "800", "2400")],
)
def test_c06_unsafe_food_pays_the_larger_of_ten_prices_three_losses_and_1000(price: str, loss: str, owed: str) -> None:
    found = quote("C-06", {"P": price, "L": loss})
    assert found.additional == Decimal(owed)
    assert found.refund == Decimal(price) + Decimal(loss)


@pytest.mark.parametrize(
    ("returned", "threshold", "refund"), [([2], "300", "30"), ([0], "300", "70"), ([2], "200", "80")]
)
def test_c02_partial_return_settles_what_is_kept(returned: list[int], threshold: str, refund: str) -> None:
    found = quote("C-02", PARTIAL | {"returned": returned, "threshold": threshold})
    assert (found.refund, found.requires_approval) == (Decimal(refund), False)


def test_c02_a_negative_refund_is_shown_as_difference_and_blocked_for_approval() -> None:
    inputs = {"items": [{"price": "280"}, {"price": "20"}], "returned": [1], "discount": "50", "threshold": "300"}
    found = quote("C-02", inputs | {"paid": "250"})
    assert found.total == Decimal("-30.00")
    assert found.requires_approval
    assert [note.text % note.values for note in found.notes] == ["应补差价 30.00 元，不得自动收取，须经审批。"]


def test_c02_returning_everything_gives_back_everything_paid() -> None:
    assert quote("C-02", PARTIAL | {"returned": [0, 1, 2]}).refund == Decimal("250.00")
    assert quote("C-02", PARTIAL | {"returned": [0, 1, 2], "threshold": "0"}).refund == Decimal("250.00")


@pytest.mark.parametrize(("paid", "twice", "total"), [("150", "300", "300"), ("300", "400", "500")])
def test_c08_earnest_money_counts_up_to_a_fifth_and_is_paid_twice(paid: str, twice: str, total: str) -> None:
    found = quote("C-08", {"total": "1000", "D": paid})
    assert found.terms[0].amount == Decimal(twice)
    assert found.total == Decimal(total)


@pytest.mark.parametrize(("price", "owed"), [("30", "5"), ("299", "29.90"), ("2000", "100")])
def test_c11_late_shipment_is_clamped(price: str, owed: str) -> None:
    for rate in ("0.1", "10%"):
        assert quote("C-11", {"P": price, "rate": rate, "min": "5", "max": "100"}).total == Decimal(owed)


@pytest.mark.parametrize(("now", "owed"), [("349", "100"), ("420", "0")])
def test_c12_price_promise_pays_the_fall_for_every_piece(now: str, owed: str) -> None:
    assert quote("C-12", {"paid_unit": "399", "now_unit": now, "q": 2}).total == Decimal(owed)


@pytest.mark.parametrize(("price", "owed"), [("800", "80"), ("3000", "200")])
def test_c17_unclear_page_pays_a_tenth_up_to_200(price: str, owed: str) -> None:
    found = quote("C-17", {"P": price})
    assert (found.total, found.cap) == (Decimal(owed), Decimal(200))


@pytest.mark.parametrize(("share", "cap"), [("0.09", "10"), ("0.10", "10"), ("0.25", "30"), ("0.71", "100")])
def test_c19_fresh_goods_refund_by_tier(share: str, cap: str) -> None:
    found = quote("C-19", {"P": "100", "s": share})
    assert (found.total, found.cap) == (Decimal(cap), Decimal(cap))


def goodwill(price: str, severity: str, responsibility: str, factor: str, cost: str, **more: str) -> Quote:
    parts = {"P": price, "severity": severity, "responsibility": responsibility, "factor": factor}
    return quote("C-22", parts | {"out_of_pocket": cost} | more)


def test_c22_goodwill_within_the_limit() -> None:
    found = goodwill("299", "0.10", "1", "1.2", "12", limit="50")
    assert (found.total, found.requires_approval) == (Decimal("47.88"), False)
    assert goodwill("1299", "0.20", "0.5", "1.5", "0").total == Decimal("194.85")


def test_c22_a_statutory_floor_is_never_cut_by_a_limit() -> None:
    found = goodwill("89", "0.15", "1", "1", "0", floor="500", limit="50")
    assert found.terms[0].amount == Decimal("13.35")
    assert (found.total, found.floor, found.requires_approval) == (Decimal(500), Decimal(500), True)


def test_c22_above_the_limit_the_rest_needs_approval() -> None:
    found = goodwill("2599", "0.30", "1", "1.5", "35", limit="200")
    assert (found.total, found.requires_approval) == (Decimal("1204.55"), True)
    assert {"now": "200.00", "rest": "1004.55"} in [note.values for note in found.notes]


@pytest.mark.parametrize(
    ("case", "inputs", "refund", "added"),
    [
        ("C-01", {"P": "100", "F": "8", "Fr": "10"}, "100", "0"),
        ("C-01", {"P": "100", "F": "8", "Fr": "10", "free_shipping": False}, "100", "0"),
        ("C-01", {"P": "100", "F": "8", "Fr": "10", "freight_promised": True}, "118", "0"),
        ("C-03", {"P": "100", "F": "8", "Fr": "10"}, "118", "0"),
        ("C-05", {"L": "1000", "P": "99", "mental": "500"}, "1099", "2500"),
        ("C-05", {"L": "1000", "punitive": "300"}, "1000", "300"),
        ("C-06", {"P": "15", "L": "20", "knowing": False}, "35", "0"),
        ("C-06a", {"P": "15"}, "15", "1000"),
        ("C-06b", {"P": "15", "L": "5"}, "20", "0"),
        ("C-06c", {"P": "5000", "q": 50, "reasonable_q": 2}, "5000", "2000"),
        ("C-06d", {"P": "15"}, "15", "1000"),
        ("C-06d", {"P": "15", "choice": "C-04"}, "15", "500"),
        ("C-07", {"P": "200"}, "200", "2000"),
        ("C-09", {"total": "1000", "D": "100", "penalty": "300"}, "100", "300"),
        ("C-09", {"total": "1000", "D": "100", "penalty": "300", "choice": "earnest", "L": "150"}, "100", "150"),
        ("C-10", {"penalty": "5", "platform": "8"}, "0", "8"),
        ("C-13", {"P": "60", "F": "6"}, "66", "0"),
        ("C-14", {"P": "600", "interest": "3.21", "L": "20"}, "600", "23.21"),
        ("C-15", {"L": "30", "F": "8", "Fr": "12"}, "0", "50"),
        ("C-16", {"L": "30", "gain": "80"}, "0", "80"),
        ("C-18", {"P": "100", "gift": "45", "has_sku": True}, "0", "30"),
        ("C-18", {"P": "100", "gift": "45"}, "0", "45"),
        ("C-18", {"P": "100"}, "0", "5"),
        ("C-20", {"P": "33"}, "6.60", "0"),
        ("C-21", {"P": "30", "multiple": "10"}, "30", "300"),
    ],
)  # fmt: skip
def test_every_other_row(case: str, inputs: dict[str, Any], refund: str, added: str) -> None:
    found = quote(case, inputs)
    assert (found.refund, found.additional) == (Decimal(refund), Decimal(added))
    assert found.basis


def test_food_that_is_also_fraud_never_pays_both_heads() -> None:
    assert quote("C-06d", {"P": "200"}).additional == max(additional("C-04", P="200"), additional("C-06", P="200"))


def test_punitive_damages_above_twice_the_loss_are_refused() -> None:
    assert faults("C-05", L="100", punitive="200.01") == {"punitive"}


# Bad inputs


def faults(case: str, **inputs: Any) -> set[str]:
    with pytest.raises(InputFaults) as caught:
        quote(case, inputs)
    return set(caught.value.faults)


@pytest.mark.parametrize(
    "bad",
    ["-1", -1, "NaN", "Infinity", "-0.01", "12.345", "abc", "1e3", "", None, True, [], {}, "100000000.01", "9" * 400,
     float("nan"), float("inf"), "１２"],
)  # fmt: skip
def test_a_bad_price_is_refused_by_name(bad: Any) -> None:
    assert faults("C-04", P=bad) == {"P"}


def test_every_fault_is_named_at_once() -> None:
    given = {"paid_unit": "-5", "q": 0, "surprise": 1}
    assert faults("C-12", **given) == {"paid_unit", "now_unit", "q", "surprise"}


@pytest.mark.parametrize("share", ["1.01", "101%", "-0.1", "0", "0.00001", "x%"])
def test_a_share_outside_its_bounds_is_refused(share: str) -> None:
    assert faults("C-19", P="100", s=share) == {"s"}


@pytest.mark.parametrize("returned", [[3], [0, 0], [], [-1], ["0"], [True], "0", None])
def test_returned_lines_must_be_lines_of_the_order(returned: Any) -> None:
    assert faults("C-02", **PARTIAL, returned=returned) == {"returned"}


def test_inconsistent_inputs_are_refused() -> None:
    assert faults("C-02", **PARTIAL | {"paid": "301", "returned": [0]}) == {"paid"}
    assert faults("C-08", total="100", D="101") == {"D"}
    assert faults("C-11", P="1", rate="0.1", min="6", max="5") == {"min"}
    assert faults("C-06c", P="1", q=1, reasonable_q=2) == {"reasonable_q"}
    assert faults("C-99") == {"case"}


# What holds for every case

MONEY = st.decimals(min_value=0, max_value=1_000_000, places=2)
VALUES = {
    Kind.MONEY: MONEY.map(str),
    Kind.SHARE: st.decimals(min_value=Decimal("0.0001"), max_value=1, places=4).map(str),
    Kind.FACTOR: st.decimals(min_value=0, max_value=20, places=2).map(str),
    Kind.QUANTITY: st.integers(1, 100),
    Kind.FLAG: st.booleans(),
    Kind.ITEMS: st.just(THREE),
    Kind.INDICES: st.sets(st.integers(0, 2), min_size=1).map(sorted),
}


@st.composite
def inputs_of(draw: st.DrawFn, case: str) -> dict[str, Any]:
    return {
        item.name: draw(
            VALUES[item.kind]
            if item.kind is not Kind.CHOICE
            else st.sampled_from([key for key, _label in item.choices])
        )
        for item in CASES[case].inputs
        if item.is_required or draw(st.booleans())
    }


def quoted(case: str, inputs: dict[str, Any]) -> Quote | None:
    try:
        return quote(case, inputs)
    except InputFaults:
        return None


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_the_total_is_the_sum_and_never_below_the_floor(case: str, data: st.DataObject) -> None:
    found = quoted(case, data.draw(inputs_of(case)))
    if found is not None:
        assert found.total == found.refund + found.additional
        assert all(-int(sum_.as_tuple().exponent) == 2 for sum_ in (found.refund, found.additional, found.total))
        assert found.floor is None or found.total >= found.floor


@pytest.mark.parametrize("case", [key for key, case in CASES.items() if any(item.name == "P" for item in case.inputs)])
@given(data=st.data(), more=MONEY)
def test_a_higher_price_never_owes_less(case: str, data: st.DataObject, more: Decimal) -> None:
    inputs = data.draw(inputs_of(case)) | {"P": data.draw(MONEY)}
    lower, higher = quoted(case, inputs), quoted(case, inputs | {"P": inputs["P"] + more})
    if lower is not None and higher is not None:
        assert higher.total >= lower.total


@given(price=MONEY, loss=MONEY)
def test_no_case_holds_two_punitive_heads(price: Decimal, loss: Decimal) -> None:
    both = quote("C-06d", {"P": price, "L": loss}).additional
    assert both <= max(quote("C-04", {"P": price}).additional, quote("C-06", {"P": price, "L": loss}).additional)
