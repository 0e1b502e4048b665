"""The returns table, row by row of the domain rules, and what holds for every row."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendars.arithmetic import Schedule
from core.calendars.public_days import DEFAULT_YEARS, default_days
from tickets.eligibility import (
    CATEGORIES,
    CONDITIONS,
    REASONS,
    REMEDIES,
    VERDICTS,
    Facts,
    InputFaults,
    Judgement,
    find,
    judge,
)
from tickets.eligibility.judging import add_months

pytestmark = pytest.mark.capability("D06")

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL_DAY = ((0, 1440),)
SIGNED = "2026-11-09T15:00"


def calendar() -> Schedule:
    return Schedule(
        timezone="Asia/Shanghai",
        weekly=(*((ALL_DAY,) * 5), (), ()),
        public_days=default_days(),
        maintained_years=frozenset(DEFAULT_YEARS),
    )


CALENDAR = calendar()


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def ask(
    category: str, requested: str | None = "2026-11-12T10:00", signed: str | None = SIGNED, **more: Any
) -> Judgement:
    more = {"reason": "no_reason", "condition": "intact"} | more
    return judge(Facts(category=category, signed_at=moment(signed), requested_at=moment(requested), **more), CALENDAR)


def hidden(found: Judgement) -> set[str]:
    return {str(item.kind) for item in found.remedies if not item.is_offered}


def test_t1_a_dress_with_its_tag_on_the_seventh_day_is_eligible_and_the_buyer_pays_the_way() -> None:
    found = ask("连衣裙", "2026-11-16T23:59")
    assert (found.verdict, found.freight) == ("eligible", "buyer")
    assert "第二十五条" in found.basis[0]
    assert found.deadline == moment("2026-11-17T00:00")


def test_t2_a_minute_later_the_window_is_over_and_the_quality_path_is_named() -> None:
    found = ask("dress", "2026-11-17T00:00")
    assert found.verdict == "not_eligible"
    assert "2026-11-16 24:00" in found.reason.text % found.reason.values
    assert "质量问题" in found.reason.text
    assert ask("dress", "2026-11-17T00:00", reason="quality", has_evidence=True).verdict == "eligible"


def test_t3_a_last_day_in_the_national_holiday_is_extended_to_the_first_day_after_it() -> None:
    assert ask("clothing", "2026-10-08T20:00", "2026-09-26T12:00").verdict == "eligible"
    assert ask("clothing", "2026-10-09T00:00", "2026-09-26T12:00").verdict == "not_eligible"


def test_t4_a_mug_engraved_to_order_is_excluded() -> None:
    found = ask("custom", made_to_order=True)
    assert (found.verdict, found.rule) == ("not_eligible", "R-02")
    assert ask("定制").verdict == "not_eligible"


def test_t5_custom_goods_that_were_ready_stock_are_eligible() -> None:
    assert ask("custom", made_to_order=False).verdict == "eligible"


def test_t6_the_shops_promise_binds_for_custom_goods_too() -> None:
    found = ask("custom", made_to_order=True, promised_days=7)
    assert found.verdict == "eligible"
    assert any("法释〔2022〕8号" in article for article in found.basis)


def test_t7_live_crabs_are_excluded() -> None:
    assert ask("海鲜").verdict == ask("fresh").verdict == "not_eligible"


def test_t8_a_software_box_is_eligible_sealed_and_excluded_opened() -> None:
    assert ask("software", condition="intact").verdict == "eligible"
    assert ask("software", condition="seal_broken").verdict == "not_eligible"
    assert ask("software", condition="unknown").verdict == "needs_evidence"


def test_t9_near_expiry_biscuits_that_the_buyer_confirmed_are_not_eligible() -> None:
    found = ask("near_expiry", exclusion_confirmed=True)
    assert (found.verdict, found.rule) == ("not_eligible", "R-03")


@pytest.mark.parametrize("confirmed", [None, False])
def test_t10_without_a_stored_confirmation_they_are_eligible(confirmed: bool | None) -> None:
    assert ask("临期食品", exclusion_confirmed=confirmed).verdict == "eligible"


@pytest.mark.parametrize("condition", ["intact", "seal_broken"])
def test_t11_a_phone_whose_box_was_opened_is_eligible(condition: str) -> None:
    assert ask("phone", condition=condition).verdict == "eligible"


def test_t12_an_activated_phone_with_a_confirmed_waiver_is_not_eligible() -> None:
    assert ask("phone", condition="activated", exclusion_confirmed=True).verdict == "not_eligible"


@pytest.mark.parametrize("confirmed", [None, False])
def test_t13_an_activated_phone_without_waiver_is_decided_by_a_person(confirmed: bool | None) -> None:
    found = ask("phone", condition="activated", exclusion_confirmed=confirmed)
    assert found.verdict == "needs_decision"
    assert hidden(found) == set()


def test_t14_face_cream_with_a_broken_seal_is_not_intact_and_refused_with_the_article() -> None:
    found = ask("face cream", condition="seal_broken")
    assert (found.verdict, found.rule) == ("not_eligible", "R-06")
    assert any("第九条" in article for article in found.basis)


def test_t15_an_allergy_with_hospital_proof_takes_the_safety_path() -> None:
    found = ask("cosmetics", condition="seal_broken", reason="quality", has_evidence=True, health_harm=True)
    assert (found.verdict, found.freight, found.escalate) == ("eligible", "seller", True)
    assert ask("cosmetics", condition="used", reason="quality").verdict == "needs_evidence"


def test_t16_a_missing_gift_is_deducted_and_never_refuses_the_return() -> None:
    found = ask("clothing", gift_price=Decimal("19.90"))
    assert (found.verdict, found.deduction) == ("eligible", Decimal("19.90"))


@pytest.mark.parametrize("reason", list(REASONS))
def test_t17_an_unknown_category_is_decided_by_a_person(reason: str) -> None:
    found = ask("量子纠缠仪", reason=reason)
    assert found.verdict == "needs_decision"
    assert "需人工判定" in found.reason.text
    assert len(found.offered) == len(REMEDIES)


def test_t18_without_a_signing_date_nothing_is_computed_and_it_is_asked_for() -> None:
    with pytest.raises(InputFaults) as caught:
        ask("clothing", signed=None)
    assert set(caught.value.faults) == {"signed_at"}
    assert "补充" in caught.value.faults["signed_at"].text


# Further rules ------------------------------------------------------------------------------


def test_a_promise_of_more_days_counts_and_one_of_fewer_does_not() -> None:
    assert ask("clothing", "2026-11-20T10:00", promised_days=15).verdict == "eligible"
    assert ask("clothing", "2026-11-16T10:00", promised_days=3).verdict == "eligible"


def test_a_last_day_on_a_saturday_runs_to_monday() -> None:
    assert ask("clothing", "2026-11-16T23:00", "2026-11-07T09:00").verdict == "eligible"
    assert ask("clothing", "2026-11-17T00:00", "2026-11-07T09:00").verdict == "not_eligible"


def test_a_year_without_calendar_never_refuses() -> None:
    assert ask("clothing", "2027-01-05T10:00", "2026-12-30T10:00").verdict == "eligible"
    assert ask("clothing", "2027-01-08T10:00", "2026-12-30T10:00").verdict == "needs_decision"


def test_an_unknown_condition_is_settled_by_looking() -> None:
    assert ask("clothing", condition="unknown").verdict == "needs_evidence"
    assert ask("clothing", condition="used").verdict == "needs_evidence"
    assert ask("phone", condition="used").verdict == "needs_evidence"


def test_durable_goods_within_six_months_put_the_burden_on_the_seller() -> None:
    assert ask("appliance", "2027-05-09T10:00", reason="quality").burden == "seller"
    assert ask("appliance", "2027-05-10T10:00", reason="quality").burden == ""
    assert ask("clothing", reason="quality").burden == ""


def test_certified_unqualified_goods_are_taken_back_whatever_the_day() -> None:
    found = ask("fresh", "2026-12-20T10:00", certified_unqualified=True)
    assert (found.verdict, found.freight) == ("eligible", "seller")


def test_warranty_by_category_by_date_and_unknown() -> None:
    assert ask("phone", "2027-11-09T10:00", reason="warranty").verdict == "eligible"
    assert ask("phone", "2027-11-10T10:00", reason="warranty").verdict == "not_eligible"
    assert ask("clothing", reason="warranty").verdict == "needs_decision"
    until = date(2028, 1, 1)
    assert ask("clothing", "2027-12-31T10:00", reason="warranty", warranty_until=until).verdict == "eligible"


def test_a_request_before_signing_is_refused_by_name() -> None:
    with pytest.raises(InputFaults) as caught:
        ask("clothing", "2026-11-01T10:00")
    assert set(caught.value.faults) == {"requested_at"}


def test_months_end_on_the_last_day_of_a_short_month() -> None:
    assert add_months(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert add_months(date(2026, 11, 9), 12) == date(2027, 11, 9)


@pytest.mark.capability("C13")
@pytest.mark.parametrize(
    ("category", "facts", "not_offered"),
    [
        ("clothing", {}, {"refund_only", "repair", "price_difference"}),
        ("clothing", {"requested": "2026-11-20T00:00"},
         {"return_refund", "refund_only", "exchange", "repair", "price_difference"}),
        ("fresh", {"reason": "quality", "has_evidence": True},
         {"return_refund", "exchange", "repair", "price_difference"}),
        ("phone", {"reason": "quality", "requested": "2026-11-25T00:00"},
         {"return_refund", "refund_only", "price_difference"}),
        ("phone", {"reason": "warranty", "requested": "2026-12-25T00:00"},
         {"return_refund", "refund_only", "exchange", "price_difference"}),
        ("phone", {"reason": "warranty", "requested": "2026-12-25T00:00", "repairs": 2},
         {"return_refund", "refund_only", "price_difference"}),
        ("clothing", {"reason": "wrong_item", "requested": "2026-12-25T00:00"},
         {"refund_only", "repair", "price_difference"}),
    ],
)  # fmt: skip
def test_remedies_are_filtered_and_each_hidden_one_says_why(
    category: str, facts: dict[str, Any], not_offered: set[str]
) -> None:
    found = ask(category, **facts)
    assert hidden(found) == not_offered
    assert all(item.why is not None and item.why.text for item in found.remedies if not item.is_offered)


anything = {
    "category": st.sampled_from([*CATEGORIES, "没有这一类", ""]),
    "reason": st.sampled_from(list(REASONS)),
    "condition": st.sampled_from(list(CONDITIONS)),
    "exclusion_confirmed": st.sampled_from([None, False, True]),
    "made_to_order": st.sampled_from([None, False, True]),
    "promised_days": st.sampled_from([None, 0, 7, 30]),
    "has_evidence": st.booleans(),
    "days": st.integers(0, 900),
}


@settings(max_examples=300, deadline=None)
@given(**anything)
def test_every_answer_has_a_reason_and_every_remedy_an_answer(days: int, category: str, **more: Any) -> None:
    signed = datetime(2025, 1, 6, 10, tzinfo=SHANGHAI)
    found = judge(
        Facts(category=category, signed_at=signed, requested_at=signed + timedelta(days=days), **more), CALENDAR
    )
    assert found.verdict in VERDICTS
    assert found.reason.text % found.reason.values
    assert {item.kind for item in found.remedies} == set(REMEDIES)
    assert found.verdict != "not_eligible" or found.basis
    if find(category) is None:
        assert found.verdict == "needs_decision"
    if more["condition"] == "unknown" and days <= 7 and more["reason"] != "warranty" and found.rule != "R-02":
        # A confirmed exclusion of disclosed defects is a fact of its own.
        assert found.verdict != "not_eligible" or found.rule == "R-03"


@settings(max_examples=200, deadline=None)
@given(**anything)
def test_waiting_longer_never_helps_without_reason(days: int, category: str, **more: Any) -> None:
    more["reason"] = "no_reason"
    signed = datetime(2025, 1, 6, 10, tzinfo=SHANGHAI)
    earlier, later = (
        judge(
            Facts(category=category, signed_at=signed, requested_at=signed + timedelta(days=days + n), **more), CALENDAR
        )
        for n in (0, 1)
    )
    if earlier.verdict == "not_eligible":
        assert later.verdict == "not_eligible"


@settings(max_examples=200, deadline=None)
@given(**anything)
def test_a_promise_never_makes_it_worse(days: int, category: str, **more: Any) -> None:
    more["reason"] = "no_reason"
    signed = datetime(2025, 1, 6, 10, tzinfo=SHANGHAI)
    facts = Facts(category=category, signed_at=signed, requested_at=signed + timedelta(days=days), **more)
    better = Facts(**{**vars(facts), "promised_days": max(30, facts.promised_days or 0)})
    if judge(facts, CALENDAR).verdict == "eligible":
        assert judge(better, CALENDAR).verdict == "eligible"
