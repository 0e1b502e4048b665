"""Statutory deadlines of after-sales on the board: begun with the goods, ended with the money (C33, D02)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.aftersales import apply, inspected, media, place_order  # noqa: F401 (fixture)
from tickets.models import LegalClock, LegalRule, Notice, Ticket
from tickets.services import refunds
from tickets.services.aftersales import accepting, deciding
from tickets.services.legal import rules

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("desk", "frozen", "media"),
    pytest.mark.capability("C33", "D04"),
]
Make = Callable[..., Ticket]


def _clock(code: str) -> LegalClock:
    return LegalClock.objects.filter(rule__code=code).latest("id")


def test_the_refund_is_due_seven_days_after_the_goods_are_back_and_ends_when_it_is_paid(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    began = _clock("refund.after_receipt")
    assert (began.started_at, began.ticket, began.owner) == (request.received_at, ticket, agent)
    # Monday's day is not counted; the seventh day after it ends at 24:00 in Shanghai.
    assert began.due_at is not None
    assert began.due_at.isoformat() == "2026-11-23T16:00:00+00:00"
    request = deciding.decide(request=request, actor=agent, amount=Decimal(200))
    assert _clock("refund.after_receipt").met_at is None
    frozen.shift(timedelta(days=1))
    refund = request.refunds.get()
    for _twice in range(2):
        refunds.pay(refund=refund, actor=agent)
    ended = _clock("refund.after_receipt")
    assert ended.met_at == began.started_at + timedelta(days=1)
    assert _clock("refund.redline").met_at == ended.met_at
    assert LegalClock.objects.count() == 2


def test_another_outcome_has_another_deadline_and_coming_back_begins_it_again(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    request = deciding.switch(request=request, actor=agent, kind="repair", reason="客户想修", details={"fault": "开线"})
    assert "维修" in _clock("refund.after_receipt").drop_reason
    repair = _clock("repair.max")
    assert (repair.started_at, repair.dropped_at) == (request.received_at, None)
    deciding.switch(request=request, actor=agent, kind="return_refund", reason="修不好")
    assert _clock("repair.max").dropped_at is not None
    again = _clock("refund.after_receipt")
    assert (again.started_at, again.dropped_at, again.met_at) == (request.received_at, None, None)
    # The red line counts from the first request, whatever is wanted since.
    assert LegalClock.objects.filter(rule__code="refund.redline").count() == 1


def test_what_is_cancelled_or_switched_off_owes_nothing(make_ticket: Make, agent: User) -> None:
    rules.load_presets()
    LegalRule.objects.filter(code="refund.after_receipt").update(is_active=False)
    ticket = make_ticket()
    order = place_order(ticket)
    request = accepting.accept(request=apply(ticket, agent, order), actor=agent)
    deciding.cancel(request=request, actor=agent, reason="客户不退了")
    assert _clock("refund.redline").drop_reason == "售后申请已撤销"
    inspected(apply(ticket, agent, order), agent)
    assert not LegalClock.objects.filter(rule__code="refund.after_receipt").exists()


def test_a_quality_request_on_jd_is_reviewed_within_its_hours(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket, platform="jd"), reason="quality")
    review = _clock("quality.review.jd")
    assert review.due_at == request.requested_at + timedelta(hours=48)
    accepting.accept(request=request, actor=agent)
    assert _clock("quality.review.jd").met_at is not None
    assert not LegalClock.objects.filter(rule__code="refund.unreceived").exists()


def test_a_paid_refund_that_came_too_late_stays_to_be_explained(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    request = deciding.decide(request=request, actor=agent, amount=Decimal(200))
    frozen.move_to("2026-11-23T16:00:00+00:00")
    refunds.pay(refund=request.refunds.get(), actor=agent)
    late = _clock("refund.after_receipt")
    assert (late.missed_at, late.wants_explanation) == (late.due_at, True)


def test_near_the_red_line_one_bell_rings_a_day(make_ticket: Make, agent: User, supervisor: User, frozen: Any) -> None:
    ticket = make_ticket()
    start = apply(ticket, agent, place_order(ticket)).requested_at
    rung = []
    for day in (11, 14, 16):
        frozen.move_to(start + timedelta(days=day))
        fire_due(now=clock.now())
        kinds = Notice.objects.filter(user=supervisor, ticket=ticket).order_by("id").values_list("kind", flat=True)
        rung.append([kind for kind in kinds if kind in ("legal_warned", "legal_missed", "aftersales_red_line")])
    assert rung[0] == ["legal_warned"]
    assert rung[1] == ["legal_warned", "legal_warned"]
    assert sorted(rung[2][2:]) == ["aftersales_red_line", "legal_missed"]


def test_without_the_rule_the_red_line_still_rings(
    make_ticket: Make, agent: User, supervisor: User, frozen: Any
) -> None:
    rules.load_presets()
    LegalRule.objects.filter(code="refund.redline").update(is_active=False)
    ticket = make_ticket()
    start = apply(ticket, agent, place_order(ticket)).requested_at
    for day in (10, 13, 15):
        frozen.move_to(start + timedelta(days=day))
        fire_due(now=clock.now())
    assert Notice.objects.filter(user=supervisor, ticket=ticket, kind="aftersales_red_line").count() == 3
