"""Warranties: months, repairs taken out, overlapping plans, and repairs that take too long."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import Conflict, InvalidInput
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.aftersales import apply, dress, inspected, media, place_order
from tickets.models import AfterSales, Notice, Ticket
from tickets.services.aftersales import accepting, deciding, warranties
from tickets.warranty import Plan, Repair, coverage

__all__ = ["media"]
pytestmark = pytest.mark.capability("D07")

Make = Callable[..., Ticket]
TODAY = date(2026, 11, 16)


def test_a_year_ends_on_the_same_day_of_the_month() -> None:
    plan = Plan(1, date(2025, 11, 16), 12)
    assert coverage([plan], [], TODAY).until == TODAY
    assert coverage([plan], [], TODAY).is_covered
    assert not coverage([plan], [], TODAY + timedelta(days=1)).is_covered
    assert coverage([Plan(1, date(2026, 8, 31), 6)], [], TODAY).until == date(2027, 2, 28)


def test_time_in_repair_is_not_counted_and_no_day_twice() -> None:
    plan = Plan(1, date(2026, 1, 1), 12)
    first = Repair(date(2026, 3, 1), date(2026, 3, 10))
    overlapping = Repair(date(2026, 3, 8), date(2026, 3, 12))
    found = coverage([plan], [first, overlapping], TODAY)
    assert (found.repair_days, found.until) == (12, date(2027, 1, 13))
    going_on = coverage([plan], [Repair(TODAY - timedelta(days=4))], TODAY)
    assert (going_on.repair_days, going_on.until) == (5, date(2027, 1, 6))


def test_a_repair_after_the_end_adds_nothing() -> None:
    plan = Plan(1, date(2024, 1, 1), 12)
    assert coverage([plan], [Repair(date(2026, 3, 1), date(2026, 3, 9))], TODAY).until == date(2025, 1, 1)


def test_of_overlapping_plans_the_one_that_lasts_longest_counts() -> None:
    statutory, extended = Plan(1, date(2025, 1, 1), 12), Plan(2, date(2025, 6, 1), 24)
    found = coverage([statutory, extended], [], TODAY)
    assert (found.best, found.until, found.is_covered) == (2, date(2027, 6, 1), True)
    later = Plan(3, date(2027, 1, 1), 60)
    assert coverage([statutory, extended, later], [], TODAY).best == 2


def test_nothing_known_is_no_coverage() -> None:
    found = coverage([], [Repair(TODAY)], TODAY)
    assert (found.until, found.is_covered, found.best) == (None, False, None)


days = st.dates(date(2020, 1, 1), date(2026, 11, 16))


@given(start=days, months=st.integers(1, 60), repairs=st.lists(st.tuples(days, st.integers(0, 200)), max_size=6))
def test_repairs_and_further_plans_never_shorten_a_warranty(
    start: date, months: int, repairs: list[tuple[date, int]]
) -> None:
    plans = [Plan(1, start, months)]
    spans = [Repair(first, first + timedelta(days=length)) for first, length in repairs]
    bare, repaired = coverage(plans, [], TODAY), coverage(plans, spans, TODAY)
    more = coverage([*plans, Plan(2, start, 1)], spans, TODAY)
    assert bare.until is not None
    assert repaired.until is not None
    assert more.until is not None
    assert bare.until <= repaired.until <= more.until


# On rows ------------------------------------------------------------------------------------


def repair(make_ticket: Make, agent: User, **wish: Any) -> Any:
    ticket = make_ticket()
    details = {"fault": "按键失灵", "serial": "SN-1"}
    wish = {"reason": "quality", "category": "appliance", "has_evidence": True} | wish
    return apply(ticket, agent, place_order(ticket, no=f"TB-{ticket.pk}"), "repair", details=details, **wish)


@pytest.mark.django_db
def test_a_certificate_is_registered_once_and_bad_ones_are_refused(agent: User) -> None:
    given_plan: Any = {"actor": agent, "serial": "SN-1", "starts_on": TODAY, "months": 12}
    warranties.register(**given_plan)
    with pytest.raises(Conflict):
        warranties.register(**given_plan)
    warranties.register(**given_plan | {"kind": "extended"})
    for bad, field in (({"months": 0}, "months"), ({"serial": " "}, "serial")):
        with pytest.raises(InvalidInput) as caught:
            warranties.register(**given_plan | bad)
        assert field in caught.value.fields


@pytest.mark.django_db
def test_a_repair_stops_the_warranty_until_it_goes_out(
    make_ticket: Make, agent: User, frozen: Any, media: None
) -> None:
    warranties.register(actor=agent, serial="SN-1", starts_on=date(2026, 11, 1), months=12)
    request = inspected(repair(make_ticket, agent), agent)
    frozen.shift(9 * 86400)
    assert warranties.until("SN-1") == date(2027, 11, 11)
    request = deciding.decide(request=request, actor=agent)
    deciding.complete(request=request, actor=agent, values={"repaired": "已修好", "tracking": "SF123"})
    frozen.shift(20 * 86400)
    assert warranties.until("SN-1") == date(2027, 11, 11)


@pytest.mark.django_db
def test_after_thirty_days_the_right_to_exchange_is_told(
    make_ticket: Make, agent: User, frozen: Any, media: None
) -> None:
    request = accepting.accept(request=repair(make_ticket, agent), actor=agent)
    request = accepting.receive(request=request, actor=agent)
    back = clock.now()
    for seconds, told in ((30 * 86400 - 1, 0), (30 * 86400, 1)):
        frozen.move_to(back + timedelta(seconds=seconds))
        fire_due(now=clock.now())
        assert Notice.objects.filter(user=agent, kind="aftersales_slow_repair").count() == told


@pytest.mark.django_db
def test_a_written_warranty_decides_what_is_eligible(make_ticket: Make, agent: User, frozen: Any, media: None) -> None:
    warranties.register(actor=agent, serial="SN-1", starts_on=date(2026, 11, 1), months=24)
    request = repair(make_ticket, agent, reason="warranty", category="clothing")
    assert request.eligibility["verdict"] == "eligible"


# Repaired twice -----------------------------------------------------------------------------

PHONE: dict[str, Any] = {"reason": "warranty", "category": "phone", "has_evidence": True}


def repaired(ticket: Ticket, actor: User, order: Any) -> Any:
    """In for the same fault, repaired and sent back."""
    request = apply(ticket, actor, order, "repair", details={"fault": "自动关机"}, **PHONE)
    request = deciding.decide(request=inspected(request, actor), actor=actor)
    deciding.complete(request=request, actor=actor, values={"repaired": "换了主板", "tracking": "SF123"})
    return request


@pytest.mark.django_db
@pytest.mark.capability("D06")
def test_what_was_repaired_twice_may_be_exchanged(make_ticket: Make, agent: User, frozen: Any, media: None) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    swap: Any = {"details": {"replacement_sku": "PHONE-2"}, **PHONE}
    frozen.shift(20 * 86400)
    for _time in range(2):
        with pytest.raises(Conflict) as caught:
            apply(ticket, agent, order, "exchange", **swap)
        assert caught.value.code == "not_offered"
        repaired(ticket, agent, order)
        frozen.shift(86400)
    made = apply(ticket, agent, order, "exchange", **swap)
    assert made.kind == "exchange"
    assert "同一问题已维修两次，可以换货。" in [note["text"] for note in made.eligibility["notes"]]


@pytest.mark.django_db
@pytest.mark.capability("D06")
def test_repairs_elsewhere_count_and_refused_ones_do_not(
    make_ticket: Make, agent: User, lead: User, frozen: Any, media: None
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    frozen.shift(20 * 86400)
    refused = apply(ticket, lead, order, "repair", details={"fault": "自动关机"}, exception="", **PHONE)
    AfterSales.objects.filter(pk=refused.pk).update(state="fed_back", refusal="人为损坏")
    assert warranties.repairs_of(dress(order)) == 0
    repaired(ticket, agent, order)
    assert warranties.repairs_of(dress(order)) == 1
    swap: Any = {"details": {"replacement_sku": "PHONE-2"}, **PHONE}
    with pytest.raises(Conflict):
        apply(ticket, agent, order, "exchange", **swap)
    assert apply(ticket, agent, order, "exchange", repairs=1, **swap).kind == "exchange"
