"""Granting, approving and paying: limits, floors, one punitive head, an unchangeable calculation."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core.approvals import authority
from core.approvals.models import ApprovalRequest
from core.approvals.services import decide
from core.errors import Conflict, DomainError, InvalidInput
from core.events import Event
from core.timers import fire_due
from crm.staff.models import User
from tests.core.concurrency import in_threads
from tickets.models import Compensation, Ticket
from tickets.services import compensations

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B17"), pytest.mark.capability("D08")]

Make = Callable[..., Ticket]
GOODWILL = {"P": "299", "severity": "0.10", "responsibility": "1"}


def grant(ticket: Ticket, actor: User, amount: str = "29.90", **values: Any) -> Compensation:
    values = {"case": "C-22", "inputs": GOODWILL} | values
    return compensations.grant(ticket=ticket, actor=actor, amount=Decimal(amount), **values)


def kinds(ticket: Ticket) -> list[str]:
    rows = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk, kind__startswith="compensation.")
    return list(rows.order_by("id").values_list("kind", flat=True))


def test_within_the_limit_of_the_day_an_agent_grants_alone(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    found = grant(ticket, agent)
    assert (found.status, found.approval, found.total) == ("granted", None, Decimal("29.90"))
    assert authority.left("compensation", agent) == Decimal("20.10")
    assert kinds(ticket) == ["compensation.granted"]


def test_above_the_limit_a_request_is_made_and_never_a_silent_failure(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    ticket = make_ticket()
    grant(ticket, agent)
    second = grant(ticket, agent)
    assert second.status == "pending"
    assert second.approval is not None
    assert "20.10" in second.approval.reason
    assert authority.left("compensation", agent) == Decimal("20.10")
    decide(request=second.approval, actor=supervisor, approve=True)
    assert Compensation.objects.get(pk=second.pk).status == "granted"
    assert kinds(ticket) == ["compensation.granted", "compensation.requested", "compensation.approved"]


@pytest.mark.parametrize(("approve", "status"), [(False, "rejected"), (None, "expired")])
def test_what_is_refused_or_not_decided_in_time_is_not_paid(
    make_ticket: Make, agent: User, supervisor: User, frozen: Any, approve: bool | None, status: str
) -> None:
    found = grant(make_ticket(), agent, case="C-04", inputs={"P": "50"}, amount="550")
    assert found.approval is not None
    if approve is None:
        frozen.shift(24 * 3600)
        fire_due(now=found.approval.expires_at)
    else:
        decide(request=found.approval, actor=supervisor, approve=approve)
    found.refresh_from_db()
    assert found.status == status
    with pytest.raises(Conflict):
        compensations.pay(compensation=found, actor=agent)


def test_below_the_floor_is_refused_with_floor_and_basis(make_ticket: Make, admin: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        grant(make_ticket(), admin, case="C-04", inputs={"P": "50"}, amount="499.99")
    assert caught.value.code == "below_floor"
    assert caught.value.extra["floor"] == "500.00"
    assert "第五十五条" in caught.value.message
    assert "amount" in caught.value.fields
    assert grant(make_ticket(), admin, case="C-04", inputs={"P": "50"}, amount="500").status == "granted"


def test_a_statutory_floor_is_not_cut_by_a_limit_but_waits_for_approval(make_ticket: Make, agent: User) -> None:
    inputs = {"P": "89", "severity": "0.15", "responsibility": "1", "floor": "500", "limit": "50"}
    with pytest.raises(InvalidInput):
        grant(make_ticket(), agent, inputs=inputs, amount="50")
    assert grant(make_ticket(), agent, inputs=inputs, amount="500").status == "pending"


def test_more_than_is_owed_needs_approval_even_within_the_limit(make_ticket: Make, agent: User) -> None:
    assert grant(make_ticket(), agent, amount="29.91").status == "pending"


def test_a_ticket_has_one_punitive_head(make_ticket: Make, admin: User) -> None:
    ticket = make_ticket()
    grant(ticket, admin, case="C-04", inputs={"P": "50"}, amount="550")
    with pytest.raises(Conflict) as caught:
        grant(ticket, admin, case="C-06", inputs={"P": "50"}, amount="1050")
    assert caught.value.code == "double_punitive"
    assert grant(ticket, admin).status == "granted"


@pytest.mark.parametrize("note", ["给好评后返还", "请删除差评", "改评后打款", "撤销投诉即付", "撤回举报"])
def test_no_compensation_is_tied_to_a_review_or_a_report(make_ticket: Make, agent: User, note: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        grant(make_ticket(), agent, note=note)
    assert caught.value.code == "tied_to_review"


def test_coupons_have_their_own_limit_and_never_replace_what_is_owed(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    assert grant(ticket, agent, form="coupon").status == "granted"
    assert authority.left("compensation", agent) == Decimal(50)
    assert authority.left("coupon", agent) == Decimal("20.10")
    with pytest.raises(InvalidInput):
        grant(ticket, agent, case="C-17", inputs={"P": "100"}, amount="10", form="coupon")


def test_a_difference_the_buyer_owes_is_never_granted(make_ticket: Make, admin: User) -> None:
    inputs = {"items": [{"price": "280"}, {"price": "20"}], "returned": [1]}
    with pytest.raises(Conflict):
        grant(
            make_ticket(),
            admin,
            case="C-02",
            inputs=inputs | {"discount": "50", "threshold": "300", "paid": "250"},
            amount="1",
        )


def test_paying_twice_pays_once(make_ticket: Make, agent: User, lead: User) -> None:
    ticket = make_ticket()
    found = grant(ticket, agent)
    first = compensations.pay(compensation=found, actor=agent, reference="T-1")
    again = compensations.pay(compensation=found, actor=lead, reference="T-2")
    assert (again.status, again.reference, again.paid_by, again.paid_at) == ("paid", "T-1", agent, first.paid_at)
    assert kinds(ticket) == ["compensation.granted", "compensation.paid"]


def test_the_calculation_is_unchangeable_and_the_row_stays(make_ticket: Make, agent: User) -> None:
    found = grant(make_ticket(), agent)
    kept = import_module("tickets.migrations.0006_compensations_kept")
    with connection.cursor() as cursor:
        cursor.execute(kept.KEEP)
        for change in ({"amount": 1}, {"floor": 5}, {"basis": []}, {"inputs": {}}, {"case": "C-01"}):
            with pytest.raises(DatabaseError, match="unchangeable"), transaction.atomic():
                Compensation.objects.filter(pk=found.pk).update(**change)
        with pytest.raises(DatabaseError, match="unchangeable"), transaction.atomic():
            found.delete()
        assert compensations.pay(compensation=found, actor=agent).status == "paid"
        cursor.execute(kept.KEEP_BACK)


def test_bad_inputs_are_named(make_ticket: Make, agent: User) -> None:
    with pytest.raises(DomainError) as caught:
        grant(make_ticket(), agent, inputs={"P": "-1", "severity": "2"})
    assert set(caught.value.fields) == {"inputs.P", "inputs.severity", "inputs.responsibility"}


@pytest.mark.django_db(transaction=True)
def test_fifty_grants_at_once_keep_the_sum_of_the_day(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    inputs = {"P": "30", "severity": "0.10", "responsibility": "1"}

    def work() -> bool:
        return grant(ticket, agent, "3", inputs=inputs).status == "granted"

    assert sum(in_threads(50, work)) == 16
    granted = Compensation.objects.filter(status="granted").values_list("amount", flat=True)
    assert sum(granted, Decimal(0)) == Decimal(48)
    assert Compensation.objects.filter(status="pending").count() == ApprovalRequest.objects.count() == 34


def test_another_teams_agent_sees_none_of_it(make_ticket: Make, agent: User, other_agent: User) -> None:
    found = grant(make_ticket(), agent, case="C-04", inputs={"P": "50"}, amount="550")
    assert not Compensation.objects.visible_to(other_agent).exists()
    assert not ApprovalRequest.objects.visible_to(other_agent).exists()
    assert Compensation.objects.visible_to(agent).get() == found
