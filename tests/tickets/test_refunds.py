"""Refunds and payouts: never above what was paid, each once, failing and reversing, and what does not agree."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.errors import Conflict, InvalidInput
from core.events import Event
from crm.staff.models import User
from customers.models import Order
from tests.core.concurrency import in_threads
from tests.tickets.aftersales import place_order
from tickets.models import Compensation, Refund, Ticket
from tickets.services import compensations, refunds

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D02")]

Make = Callable[..., Ticket]


def ask(order: Order, actor: User, amount: str = "100", **more: Any) -> Refund:
    return refunds.ask(order=order, actor=actor, amount=Decimal(amount), reason="质量问题", **more)


def test_refunds_never_exceed_what_was_paid_less_what_was_given_back(make_ticket: Make, agent: User) -> None:
    order = place_order(make_ticket())
    ask(order, agent, "250")
    with pytest.raises(Conflict) as caught:
        ask(order, agent, "50.01")
    assert caught.value.code == "exceeds_paid"
    assert (caught.value.extra["refunded"], caught.value.extra["left"]) == ("250.00", "50.00")
    assert refunds.left(order) == Decimal(50)
    ask(order, agent, "50")
    assert refunds.left(order) == 0


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity"])
def test_a_bad_amount_is_refused_by_name(make_ticket: Make, agent: User, amount: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(place_order(make_ticket()), agent, amount)
    assert set(caught.value.fields) == {"amount"}


@pytest.mark.django_db(transaction=True)
def test_fifty_at_the_same_moment_cannot_overdraw_an_order(make_ticket: Make, agent: User) -> None:
    order = place_order(make_ticket())

    def work() -> bool:
        try:
            ask(order, agent, "70")
        except Conflict:
            return False
        return True

    assert sum(in_threads(50, work)) == 4
    assert sum(Refund.objects.values_list("amount", flat=True)) == Decimal(280)


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_what_comes_past_the_service(make_ticket: Make, agent: User) -> None:
    order = place_order(make_ticket())
    kept = import_module("tickets.migrations.0020_aftersales_kept")

    def write() -> bool:
        try:
            Refund.objects.create(order=order, amount=200, reason="直接写入", requested_by=agent)
        except IntegrityError:
            return False
        return True

    with connection.cursor() as cursor:
        cursor.execute(kept.REFUNDS)
        try:
            assert sum(in_threads(4, write)) == 1
            with pytest.raises(DatabaseError, match="unchangeable"):
                Refund.objects.update(amount=900)
            with pytest.raises(DatabaseError, match="kept"):
                Refund.objects.all().delete()
            held = Refund.objects.get()
            refunds.reverse(refund=held, actor=agent, reason="作废")
            assert write()
            with pytest.raises(DatabaseError, match="exceed"), transaction.atomic():
                Refund.objects.filter(pk=held.pk).update(status="pending", reversed_at=None)
        finally:
            cursor.execute(kept.REFUNDS_BACK)


@pytest.mark.capability("D10")
def test_a_refund_fails_is_tried_again_is_paid_once_and_reversed_once(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    refund = ask(place_order(ticket), agent, ticket=ticket)
    assert refunds.fail(refund=refund, actor=agent, reason="账户冻结").status == "failed"
    first = refunds.pay(refund=refund, actor=agent, reference="T-1")
    again = refunds.pay(refund=refund, actor=agent, reference="T-2")
    assert (again.status, again.reference, again.paid_at) == ("paid", "T-1", first.paid_at)
    with pytest.raises(Conflict):
        refunds.fail(refund=refund, actor=agent, reason="晚了")
    assert refunds.reverse(refund=refund, actor=agent, reason="退错账户").status == "reversed"
    assert refunds.reverse(refund=refund, actor=agent, reason="再来一次").reversal == "退错账户"
    with pytest.raises(Conflict):
        refunds.pay(refund=refund, actor=agent)
    told = Event.objects.filter(kind__startswith="refund.").order_by("id").values_list("kind", flat=True)
    assert list(told) == ["refund.requested", "refund.failed", "refund.paid", "refund.reversed"]


@pytest.mark.capability("D10")
@pytest.mark.django_db(transaction=True)
def test_fifty_payments_at_the_same_moment_pay_once(make_ticket: Make, agent: User) -> None:
    refund = ask(place_order(make_ticket()), agent)
    in_threads(50, lambda: refunds.pay(refund=Refund.objects.get(pk=refund.pk), actor=agent))
    assert Event.objects.filter(kind="refund.paid").count() == 1


@pytest.mark.capability("D10")
def test_a_compensation_takes_the_same_way(make_ticket: Make, agent: User) -> None:
    inputs = {"P": "299", "severity": "0.10", "responsibility": "1"}
    made = compensations.grant(ticket=make_ticket(), actor=agent, case="C-22", inputs=inputs, amount=Decimal("29.90"))
    assert compensations.fail(compensation=made, actor=agent, reason="收款方拒收").failure == "收款方拒收"
    assert compensations.pay(compensation=made, actor=agent, reference="T-1").failure == ""
    assert compensations.reverse(compensation=made, actor=agent, reason="退回").status == "reversed"
    assert Compensation.objects.get().paid_at is not None
