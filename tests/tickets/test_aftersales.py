"""After-sales from application to evaluation: stages, timers, inspection, outcomes, limits, exchanges."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.approvals import authority
from core.approvals.models import ApprovalRequest
from core.approvals.services import decide as decide_approval
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import fire_due
from crm.staff.models import User
from customers.services import upsert_order
from tests.core.concurrency import in_threads
from tests.tickets.aftersales import apply, dress, inspected, media, photo, place_order
from tickets.models import AfterSales, AfterSalesLimit, AfterSalesStep, Compensation, Notice, Refund, Ticket
from tickets.services import compensations, refunds
from tickets.services.aftersales import accepting, deciding
from tickets.services.aftersales.limits import limit_of

__all__ = ["media"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "frozen")]

Make = Callable[..., Ticket]


def kinds(ticket: Ticket) -> list[str]:
    rows = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk, kind__regex="^(aftersales|refund)")
    return list(rows.order_by("id").values_list("kind", flat=True))


def last_step(request: AfterSales) -> AfterSalesStep:
    return AfterSalesStep.objects.filter(aftersales=request).order_by("-id")[0]


# D01: the stages ----------------------------------------------------------------------------


@pytest.mark.capability("D01")
def test_a_return_runs_from_application_to_evaluation(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket))
    states = [request.state]
    request = accepting.accept(request=request, actor=agent)
    states.append(request.state)
    request = accepting.receive(request=request, actor=agent)
    states.append(request.state)
    request = accepting.inspect(request=request, actor=agent, result="intact", photos=[photo(agent)])
    states.append(request.state)
    request = deciding.decide(request=request, actor=agent, amount=Decimal(200))
    states.append(request.state)
    refunds.pay(refund=request.refunds.get(), actor=agent, reference="R-1")
    request.refresh_from_db()
    states.append(request.state)
    request = deciding.feedback(request=request, actor=agent, note="已退款，请查收")
    request = deciding.evaluate(request=request, actor=agent, rating=5)
    states += ["fed_back", request.state]
    assert states == [
        "applied", "returning", "inspecting", "deciding", "executing", "done", "fed_back", "evaluated",
    ]  # fmt: skip
    actions = ["apply", "accept", "receive", "inspect", "decide", "complete", "feedback", "evaluate"]
    assert [step.action for step in request.steps.all()] == actions
    assert "refund.paid" in kinds(ticket)
    assert request.due_at is None


@pytest.mark.capability("D01")
def test_no_refund_on_returned_goods_before_they_were_looked_at(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket))
    request = accepting.accept(request=request, actor=agent)
    with pytest.raises(Conflict) as caught:
        deciding.decide(request=request, actor=agent, amount=Decimal(200))
    assert caught.value.extra["allowed"] == ["receive", "switch", "cancel"]
    request = accepting.receive(request=request, actor=agent)
    with pytest.raises(InvalidInput) as missing:
        accepting.inspect(request=request, actor=agent, result="intact", photos=[])
    assert "photos" in missing.value.fields


@pytest.mark.capability("D01")
def test_photos_of_the_inspection_are_seen_with_the_ticket(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent, "not_intact", note="吊牌被剪")
    message = request.inspection.message
    assert (message.kind, message.ticket_id, message.attachments.count()) == ("note", ticket.pk, 1)


@pytest.mark.capability("D01")
def test_goods_that_came_back_not_intact_may_be_refused_and_intact_ones_not(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    request = inspected(apply(ticket, agent, order), agent)
    with pytest.raises(Conflict) as caught:
        deciding.refuse(request=request, actor=agent, reason="不想退")
    assert caught.value.code == "owed_by_law"
    worn = inspected(apply(ticket, agent, order, item=order.items.get(sku="MUG")), agent, "not_intact", note="破损")
    assert deciding.refuse(request=worn, actor=agent, reason="商品已破损，不符合完好").state == "refused"


# D04: limits --------------------------------------------------------------------------------


@pytest.mark.capability("D04")
def test_limits_differ_by_outcome_and_platform(db: None) -> None:
    def hours(*which: str) -> float:
        found = limit_of(*which)
        assert found is not None
        return found.span / timedelta(hours=1)

    assert hours("applied", "return_refund", "taobao") == 24
    assert hours("applied", "return_refund", "jd") == 48
    assert hours("goods_back", "return_refund", "taobao") == 168
    assert hours("goods_back", "exchange", "jd") == 72
    assert limit_of("goods_back", "refund_only", "jd") is None
    AfterSalesLimit.objects.create(stage="applied", hours=10)
    AfterSalesLimit.objects.create(stage="applied", kind="repair", platform="jd", hours=3)
    assert (hours("applied", "repair", "jd"), hours("applied", "repair", "taobao")) == (3, 10)


@pytest.mark.capability("D04")
@pytest.mark.capability("D01")
def test_warning_and_limit_are_told_once_at_their_moment(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket))
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)
    start = clock.now()
    assert request.due_at == start + timedelta(hours=24)
    for hours, expected in ((12, ["aftersales_warned"]), (24, ["aftersales_warned", "aftersales_overdue"])):
        frozen.move_to(start + timedelta(hours=hours, seconds=-1))
        fire_due(now=clock.now())
        told = list(Notice.objects.filter(user=agent).order_by("id").values_list("kind", flat=True))
        assert told == expected[:-1]
        frozen.move_to(start + timedelta(hours=hours))
        fire_due(now=clock.now())
        fire_due(now=clock.now())
        told = list(Notice.objects.filter(user=agent).order_by("id").values_list("kind", flat=True))
        assert told == expected
    request.refresh_from_db()
    assert request.overdue_count == 1
    late = accepting.accept(request=request, actor=agent)
    assert last_step(late).is_late is False
    frozen.shift(8 * 86400)
    assert last_step(accepting.receive(request=late, actor=agent)).is_late


@pytest.mark.capability("D01")
def test_the_refund_is_due_seven_days_after_the_goods_came_back(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    request = accepting.accept(request=apply(ticket, agent, place_order(ticket)), actor=agent)
    request = accepting.receive(request=request, actor=agent)
    back = clock.now()
    frozen.shift(6 * 86400)
    request = accepting.inspect(request=request, actor=agent, result="intact", photos=[photo(agent)])
    assert request.goods_due_at == request.due_at == back + timedelta(days=7)


@pytest.mark.capability("D01")
def test_the_red_line_rings_on_days_ten_thirteen_and_fifteen(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket))
    start = clock.now()
    for day in (10, 13, 15):
        frozen.move_to(start + timedelta(days=day))
        fire_due(now=clock.now())
    assert kinds(ticket).count("aftersales.red_line") == 3
    mug = request.order.items.get(sku="MUG")
    settled = apply(ticket, agent, request.order, item=mug, reason="wrong_item", has_evidence=True)
    deciding.cancel(request=settled, actor=agent, reason="客户不退了")
    frozen.move_to(start + timedelta(days=40))
    fire_due(now=clock.now())
    assert kinds(ticket).count("aftersales.red_line") == 3


@pytest.mark.capability("D01")
def test_without_an_answer_the_evaluation_ends_by_itself(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    worn = inspected(apply(ticket, agent, place_order(ticket)), agent, "not_intact", note="破损")
    told = deciding.feedback(
        request=deciding.refuse(request=worn, actor=agent, reason="不完好"), actor=agent, note="已电话告知"
    )
    assert told.due_at is not None
    frozen.move_to(told.due_at)
    fire_due(now=clock.now())
    told.refresh_from_db()
    assert (told.state, told.rating) == ("evaluated", None)


# D05: outcomes ------------------------------------------------------------------------------


@pytest.mark.capability("D05")
@pytest.mark.parametrize(
    ("kind", "field"),
    [("exchange", "details.replacement_sku"), ("repair", "details.fault"), ("price_difference", "details.paid_unit")],
)
def test_each_outcome_asks_for_its_own_fields(make_ticket: Make, agent: User, kind: str, field: str) -> None:
    ticket = make_ticket()
    with pytest.raises(InvalidInput) as caught:
        apply(ticket, agent, place_order(ticket), kind, reason="quality", category="phone", has_evidence=True)
    assert field in caught.value.fields


@pytest.mark.capability("D05")
def test_switching_midway_keeps_history_and_asks_for_no_goods_twice(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    switched = deciding.switch(
        request=request, actor=agent, kind="exchange", reason="客户改要换码", details={"replacement_sku": "DRESS-L"}
    )
    assert (switched.state, switched.kind) == ("deciding", "exchange")
    step = last_step(switched)
    assert (step.action, step.details) == ("switch", {"kind": "return_refund", "details": {}})
    done = deciding.decide(request=switched, actor=agent)
    with pytest.raises(InvalidInput):
        deciding.complete(request=done, actor=agent, values={})
    done = deciding.complete(request=done, actor=agent, values={"tracking": "SF1234567890"})
    assert (done.state, Refund.objects.count()) == ("done", 0)


@pytest.mark.capability("D05")
def test_a_price_difference_is_granted_by_the_calculator_and_paid(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    details = {"paid_unit": "50.00", "now_unit": "44.00"}
    order = place_order(ticket)
    mug = order.items.get(sku="MUG")
    request = apply(ticket, agent, order, "price_difference", item=mug, reason="price", quantity=2, details=details)
    request = deciding.decide(request=accepting.accept(request=request, actor=agent), actor=agent)
    made = Compensation.objects.get()
    assert (made.case, made.amount, request.amount) == ("C-12", Decimal(12), Decimal(12))
    with pytest.raises(Conflict):
        deciding.complete(request=request, actor=agent, values={})
    compensations.pay(compensation=made, actor=agent)
    assert deciding.complete(request=request, actor=agent, values={}).state == "done"


# C13, C14, D06 on rows ----------------------------------------------------------------------


@pytest.mark.capability("C13")
@pytest.mark.capability("D06")
def test_what_is_not_offered_is_refused_with_its_reason_and_a_lead_may_except(
    make_ticket: Make, agent: User, lead: User, frozen: Any
) -> None:
    frozen.shift(10 * 86400)
    ticket = make_ticket()
    order = place_order(ticket)
    with pytest.raises(Conflict) as caught:
        apply(ticket, agent, order, promised_days=8)
    assert caught.value.code == "not_offered"
    assert "届满" in caught.value.extra["reason"] or "已于" in caught.value.extra["reason"]
    with pytest.raises(NotAllowed):
        apply(ticket, agent, order, promised_days=8, exception="老客户")
    excepted = apply(ticket, lead, order, promised_days=8, exception="老客户")
    assert (excepted.exception, excepted.eligibility["verdict"]) == ("老客户", "not_eligible")


@pytest.mark.capability("D06")
def test_without_a_signing_date_it_is_asked_for(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    with pytest.raises(InvalidInput) as caught:
        apply(ticket, agent, place_order(ticket, signed_at=None, status="shipped"))
    assert "signed_at" in caught.value.fields


@pytest.mark.capability("C14")
def test_less_than_law_gives_is_blocked_with_the_basis_and_a_managers_override_is_told(
    make_ticket: Make, agent: User, supervisor: User, admin: User
) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket, paid="270")), agent)
    with pytest.raises(InvalidInput) as caught:
        deciding.decide(request=request, actor=agent, amount=Decimal("179.99"))
    assert (caught.value.code, caught.value.extra["floor"]) == ("below_floor", "180.00")
    assert "第二十五条" in caught.value.message
    with pytest.raises(NotAllowed):
        deciding.decide(request=request, actor=agent, amount=Decimal(100), override_reason="客户同意")
    done = deciding.decide(request=request, actor=supervisor, amount=Decimal(100), override_reason="客户同意少退")
    assert (done.amount, done.floor, done.exception) == (Decimal(100), Decimal(180), "客户同意少退")
    assert "aftersales.below_floor" in kinds(ticket)
    assert list(Notice.objects.filter(kind="floor_overridden").values_list("user", flat=True)) == [admin.pk]


@pytest.mark.capability("C14")
def test_a_compensation_below_its_floor_needs_the_same(make_ticket: Make, agent: User, supervisor: User) -> None:
    ticket = make_ticket()
    values: Any = {"ticket": ticket, "case": "C-04", "inputs": {"P": "50"}, "amount": Decimal(300)}
    with pytest.raises(NotAllowed):
        compensations.grant(actor=agent, override_reason="协商", **values)
    made = compensations.grant(actor=supervisor, override_reason="双方协商一致", **values)
    assert (made.is_below_floor, made.floor_reason, made.floor) == (True, "双方协商一致", Decimal(500))


# B17: exchanges -----------------------------------------------------------------------------


def exchange(ticket: Ticket, actor: User, **more: Any) -> AfterSales:
    order = place_order(ticket, no=f"TB-{ticket.pk}")
    details = {"replacement_sku": "DRESS-L"}
    return apply(ticket, actor, order, "exchange", reason="wrong_item", has_evidence=True, details=details, **more)


@pytest.mark.capability("B17")
def test_an_exchange_above_the_authority_of_the_day_waits_for_approval(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    first = accepting.accept(request=exchange(make_ticket(), agent), actor=agent)
    assert (first.state, authority.left("exchange", agent)) == ("returning", Decimal(100))
    second = accepting.accept(request=exchange(make_ticket(), agent), actor=agent)
    assert second.state == "approving"
    assert second.approval is not None
    assert "100.00" in second.approval.reason
    assert second.due_at == second.approval.expires_at
    decide_approval(request=second.approval, actor=supervisor, approve=True)
    second.refresh_from_db()
    assert (second.state, authority.left("exchange", agent)) == ("returning", Decimal(100))


@pytest.mark.capability("B17")
@pytest.mark.parametrize("approve", [False, None])
def test_a_refused_or_expired_exchange_comes_back_for_another_outcome(
    make_ticket: Make, agent: User, supervisor: User, frozen: Any, approve: bool | None
) -> None:
    accepting.accept(request=exchange(make_ticket(), agent), actor=agent)
    waiting = accepting.accept(request=exchange(make_ticket(), agent), actor=agent)
    assert waiting.approval is not None
    if approve is None:
        frozen.move_to(waiting.approval.expires_at)
        fire_due(now=clock.now())
    else:
        decide_approval(request=waiting.approval, actor=supervisor, approve=False)
    waiting.refresh_from_db()
    assert waiting.state == "applied"


@pytest.mark.capability("B17")
@pytest.mark.django_db(transaction=True)
def test_exchanges_at_the_same_moment_keep_the_sum_of_the_day(make_ticket: Make, agent: User) -> None:
    requests = [exchange(make_ticket(), agent) for _number in range(6)]
    todo = iter(requests)

    def work() -> str:
        return str(accepting.accept(request=next(todo), actor=agent).state)

    assert sorted(in_threads(6, work)) == ["approving"] * 5 + ["returning"]
    assert ApprovalRequest.objects.filter(kind="exchange").count() == 5


# Goods --------------------------------------------------------------------------------------


@pytest.mark.capability("D02")
def test_an_item_is_not_asked_back_twice_and_keeps_its_row_when_the_shop_reports_again(
    make_ticket: Make, agent: User
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    request = apply(ticket, agent, order)
    with pytest.raises(InvalidInput) as caught:
        apply(ticket, agent, order)
    assert "quantity" in caught.value.fields
    lines: Any = [{"sku": "DRESS", "name": "连衣裙 M", "price": Decimal(200)}]
    upsert_order(actor=None, shop=order.shop, order_no=order.order_no, values={}, items=lines)
    request.refresh_from_db()
    assert request.order_item == dress(order)
    assert dress(order).name == "连衣裙 M"


def test_another_teams_agent_sees_nothing(make_ticket: Make, agent: User, other_agent: User) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    deciding.decide(request=request, actor=agent, amount=Decimal(200))
    assert not AfterSales.objects.visible_to(other_agent).exists()
    assert not Refund.objects.visible_to(other_agent).exists()
    assert AfterSales.objects.visible_to(agent).get() == request


@pytest.mark.capability("D05")
def test_money_that_came_to_nothing_is_decided_anew(make_ticket: Make, agent: User, supervisor: User) -> None:
    ticket = make_ticket()
    request = inspected(apply(ticket, agent, place_order(ticket)), agent)
    request = deciding.decide(request=request, actor=agent, amount=Decimal(200))
    with pytest.raises(Conflict):
        deciding.decide(request=request, actor=agent, amount=Decimal(200))
    refunds.reverse(refund=request.refunds.get(), actor=agent, reason="账户错误，作废重退")
    again = deciding.decide(request=request, actor=agent, amount=Decimal(200))
    assert (again.state, again.refunds.count()) == ("executing", 2)
    paid = apply(ticket, agent, request.order, "compensation", item=None, reason="other")
    paid = accepting.accept(request=paid, actor=agent)
    paid = deciding.decide(request=paid, actor=agent, case="C-04", inputs={"P": "50"}, amount=Decimal(550))
    assert paid.compensation is not None
    assert paid.compensation.approval is not None
    decide_approval(request=paid.compensation.approval, actor=supervisor, approve=False)
    assert deciding.switch(request=paid, actor=agent, kind="refund_only", reason="改退款").state == "deciding"


# D24: what the customer sees ----------------------------------------------------------------


@pytest.mark.capability("D24")
def test_the_customer_reads_how_it_stands_and_what_may_be_asked_for(
    make_ticket: Make, agent: User, client: Any
) -> None:
    ticket = make_ticket(order_no="TB1")
    request = accepting.accept(request=apply(ticket, agent, place_order(ticket)), actor=agent)
    page = client.post("/track/", {"number": ticket.number, "phone_tail": "8000"}).content.decode()
    assert "请寄回商品" in page
    assert "签收后七日内、商品完好可以无理由退货" in page
    assert request.note not in page or not request.note
    place_order(ticket, signed_at=None, paid="300")
    assert "没有收到货" in page
    page = client.post("/track/", {"number": ticket.number, "phone_tail": "8000"}).content.decode()
    assert "签收后七日内" not in page


@pytest.mark.django_db
@pytest.mark.capability("D01")
def test_what_was_returned_for_good_does_not_come_back_once_more(
    make_ticket: Make, agent: User, lead: User, frozen: Any, media: None
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    request = apply(ticket, agent, order, item=order.items.get(sku="MUG"), quantity=1)
    deciding.decide(request=inspected(request, agent), actor=lead, amount=request.goods_value)
    for state in ("done", "fed_back", "evaluated"):
        AfterSales.objects.filter(pk=request.pk).update(state=state)
        with pytest.raises(InvalidInput) as caught:
            apply(ticket, agent, order, item=order.items.get(sku="MUG"), quantity=2)
        assert "1 到 1" in caught.value.fields["quantity"][0]
    assert apply(ticket, agent, order, item=order.items.get(sku="MUG"), quantity=1).quantity == 1
