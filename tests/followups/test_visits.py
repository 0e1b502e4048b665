"""Return visits: planned by rule, made by people, with consequences."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.errors import Conflict
from core.events import Event, run_consumers
from core.timers import Timer, fire_due
from crm.followups.choices import PlanTrigger
from crm.followups.models import FollowUpPlan, FollowUpVisit
from crm.followups.services import (
    complete_visit,
    plan_after_signing,
    plan_quarterly,
    plan_visit,
    visit_became_due,
)
from crm.staff.models import User
from customers.models import Customer, Order, Shop
from tests.followups.conftest import client_of
from tickets.models import Ticket
from tickets.services import transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B14")]

Make = Callable[..., Ticket]
VISITS = "/api/v1/follow-up-visits/"
COMPLAINT = {"body": "质量太差了，我要投诉", "type": "complaint"}


@pytest.fixture
def visit(make_ticket: Make, end: Make) -> FollowUpVisit:
    ticket = end(make_ticket(**COMPLAINT))
    return FollowUpVisit.objects.get(ticket=ticket)


def refuse_contact(customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(do_not_contact_at=clock.now())


def test_a_closed_complaint_is_visited_three_days_later(visit: FollowUpVisit) -> None:
    assert visit.due_at == visit.ticket.closed_at + timedelta(days=3)
    assert (visit.status, visit.assignee_id) == ("planned", visit.ticket.assignee_id)
    assert Timer.objects.get(key=f"visit:{visit.pk}").due_at == visit.due_at
    assert Event.objects.get(kind="visit.planned").audience == [
        f"queue:{visit.ticket.queue_id}",
        f"user:{visit.assignee_id}",
    ]


def test_a_closed_question_is_not_visited(make_ticket: Make, end: Make) -> None:
    end(make_ticket(type="consultation"))
    assert not FollowUpVisit.objects.exists()


def test_a_withdrawn_complaint_is_not_visited(make_ticket: Make, agent: User, committed: Any) -> None:
    ticket = make_ticket(**COMPLAINT)
    with committed():
        transitions.cancel(ticket=ticket, actor=agent, reason="客户撤回")
    assert not FollowUpVisit.objects.exists()


def test_signal_and_cursor_together_plan_once(visit: FollowUpVisit) -> None:
    run_consumers()
    assert FollowUpVisit.objects.count() == 1


def test_who_refused_contact_is_skipped_and_counted(make_ticket: Make, end: Make) -> None:
    ticket = make_ticket(**COMPLAINT)
    refuse_contact(ticket.customer)
    end(ticket)
    visit = FollowUpVisit.objects.get()
    assert (visit.status, visit.skip_reason) == ("skipped", "do_not_contact")
    assert not Timer.objects.filter(key=f"visit:{visit.pk}").exists()
    assert Event.objects.filter(kind="visit.skipped").count() == 1


def test_who_refuses_contact_later_is_skipped_when_due(visit: FollowUpVisit) -> None:
    refuse_contact(visit.customer)
    FollowUpVisit.objects.filter(pk=visit.pk).update(due_at=clock.now())
    visit_became_due(visit_id=visit.pk)
    visit.refresh_from_db()
    assert visit.status == "skipped"


def test_reopening_cancels_the_visit(visit: FollowUpVisit, agent: User, committed: Any) -> None:
    with committed():
        transitions.reopen(ticket=visit.ticket, actor=agent)
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert Timer.objects.get(key=f"visit:{visit.pk}").state == "cancelled"


def test_the_timer_tells_who_shall_call(visit: FollowUpVisit) -> None:
    with clock.at(visit.due_at + timedelta(seconds=1)):
        fire_due(now=visit.due_at + timedelta(seconds=1))
    event = Event.objects.get(kind="visit.due")
    assert f"user:{visit.assignee_id}" in event.audience


def test_a_satisfied_customer_ends_the_visit(visit: FollowUpVisit, agent: User) -> None:
    done = complete_visit(visit=visit, actor=agent, outcome="satisfied", note="很满意")
    assert (done.status, done.outcome, done.attempts, done.completed_by) == ("done", "satisfied", 1, agent)
    assert Ticket.objects.get(pk=visit.ticket_id).status == "closed"
    assert Event.objects.get(kind="visit.completed").payload["reopened"] is False
    with pytest.raises(Conflict) as caught:
        complete_visit(visit=visit, actor=agent, outcome="satisfied")
    assert caught.value.code == "visit_ended"


def test_an_unsatisfied_customer_reopens_the_ticket(visit: FollowUpVisit, agent: User) -> None:
    complete_visit(visit=visit, actor=agent, outcome="unsatisfied", note="还是坏的")
    assert Ticket.objects.get(pk=visit.ticket_id).status == "open"
    assert Event.objects.get(kind="visit.completed").payload["reopened"] is True
    assert Event.objects.filter(kind="ticket.reopened").count() == 1


def test_a_ticket_closed_too_long_gets_a_new_one(visit: FollowUpVisit, agent: User) -> None:
    with clock.at(visit.ticket.closed_at + timedelta(days=91)):
        done = complete_visit(visit=visit, actor=agent, outcome="unsatisfied", note="又坏了")
    assert Ticket.objects.get(pk=visit.ticket_id).status == "closed"
    assert done.follow_up_ticket.type == "complaint"
    assert done.follow_up_ticket.customer_id == visit.customer_id


def test_unreachable_is_tried_three_times(visit: FollowUpVisit, agent: User) -> None:
    before = visit.due_at
    for attempt in (1, 2):
        visit = complete_visit(visit=visit, actor=agent, outcome="unreachable", note=f"第{attempt}次")
        assert (visit.status, visit.attempts) == ("planned", attempt)
        assert visit.due_at != before
        assert Timer.objects.get(key=f"visit:{visit.pk}").due_at == visit.due_at
    visit = complete_visit(visit=visit, actor=agent, outcome="unreachable")
    assert (visit.status, visit.outcome, visit.attempts) == ("done", "unreachable", 3)
    assert FollowUpVisit.objects.get(pk=visit.pk).note == "第1次\n第2次"


def test_a_plan_follows_its_condition(make_ticket: Make, end: Make) -> None:
    FollowUpPlan.objects.create(
        key="urgent", name="紧急", delay_days=1, condition={"field": "priority", "op": "eq", "value": "urgent"}
    )
    FollowUpPlan.objects.create(key="off", name="停用", delay_days=1, is_active=False)
    end(make_ticket(type="consultation", priority="urgent"))
    assert list(FollowUpVisit.objects.values_list("plan__key", flat=True)) == ["urgent"]


def test_orders_are_visited_after_delivery_once(make_ticket: Make) -> None:
    FollowUpPlan.objects.create(key="signed", name="签收", trigger=PlanTrigger.ORDER_SIGNED, delay_days=7)
    customer = make_ticket().customer
    shop = Shop.objects.create(key="s1", name="旗舰店")
    order = Order.objects.create(
        order_no="A1", shop=shop, customer=customer, ordered_at=clock.now(), signed_at=clock.now(), total=Decimal(1)
    )
    assert plan_after_signing() == 1
    assert plan_after_signing() == 0
    assert FollowUpVisit.objects.get().due_at == order.signed_at + timedelta(days=7)


def test_important_customers_are_visited_each_quarter(make_ticket: Make, frozen: Any) -> None:
    FollowUpPlan.objects.create(key="vip", name="季度关怀", trigger=PlanTrigger.QUARTERLY, delay_days=0)
    customer = make_ticket().customer
    Customer.objects.filter(pk=customer.pk).update(important=True)
    assert plan_quarterly() == 1
    assert plan_quarterly() == 0
    with clock.at(clock.now() + timedelta(days=60)):
        assert plan_quarterly() == 1


# API


def test_api_plans_moves_and_completes(make_ticket: Make, solve: Make, agent: User) -> None:
    ticket = solve(make_ticket())
    client = client_of(agent)
    due = (clock.now() + timedelta(days=2)).isoformat()
    made = client.post(VISITS, {"ticket": ticket.pk, "due_at": due, "note": "问问用得怎么样"}, format="json")
    assert made.status_code == 201, made.data
    assert made.data["ticket_number"] == ticket.number
    later = (clock.now() + timedelta(days=4)).isoformat()
    moved = client.patch(f"{VISITS}{made.data['id']}/", {"due_at": later}, format="json")
    assert moved.data["due_at"] > made.data["due_at"]
    complete = f"{VISITS}{made.data['id']}/complete/"
    done = client.post(complete, {"outcome": "unsatisfied", "note": "不行"}, format="json")
    assert (done.status_code, done.data["status"], done.data["outcome"]) == (200, "done", "unsatisfied")
    ticket.refresh_from_db()
    assert ticket.status == "open"
    again = client.post(complete, {"outcome": "satisfied"}, format="json")
    assert (again.status_code, again.data["code"]) == (409, "visit_ended")


def test_api_lists_by_ticket_and_due_moment(visit: FollowUpVisit, agent: User) -> None:
    client = client_of(agent)
    assert [row["id"] for row in client.get(VISITS, {"ticket": visit.ticket_id}).data["results"]] == [visit.pk]
    before = {"due_before": visit.due_at.isoformat()}
    after = {"due_before": (visit.due_at + timedelta(seconds=1)).isoformat()}
    assert client.get(VISITS, before).data["results"] == []
    assert len(client.get(VISITS, after).data["results"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ticket": 999999}, "ticket"),
        ({"ticket": "x"}, "ticket"),
        ({"due_at": "morgen"}, "due_at"),
        ({"assignee": 999999}, "assignee"),
        ({"outcome": "satisfied"}, "outcome"),
    ],
)
def test_api_refuses_by_name(make_ticket: Make, agent: User, change: dict, field: str) -> None:
    body = {"ticket": make_ticket().pk, "due_at": clock.now().isoformat(), **change}
    answer = client_of(agent).post(VISITS, body, format="json")
    assert answer.status_code == 400
    assert list(answer.data["fields"]) == [field]


def test_a_visit_is_not_planned_for_the_past(make_ticket: Make, agent: User, frozen: Any) -> None:
    client = client_of(agent)
    past, soon = (clock.now() + timedelta(minutes=shift) for shift in (-3, 1))
    body = {"ticket": make_ticket().pk, "due_at": past.isoformat()}
    refused = client.post(VISITS, body, format="json")
    assert (refused.status_code, refused.data["fields"]) == (400, {"due_at": ["回访时间不能早于现在。"]})
    made = client.post(VISITS, {**body, "due_at": soon.isoformat()}, format="json")
    assert made.status_code == 201
    moved = client.patch(f"{VISITS}{made.data['id']}/", {"due_at": past.isoformat()}, format="json")
    assert (moved.status_code, list(moved.data["fields"])) == (400, ["due_at"])


def test_an_overdue_visit_is_still_handed_over(visit: FollowUpVisit, agent: User, frozen: Any) -> None:
    frozen.shift(timedelta(days=10).total_seconds())
    body = {"due_at": visit.due_at.isoformat(), "note": "先发短信"}
    assert client_of(agent).patch(f"{VISITS}{visit.pk}/", body, format="json").status_code == 200


def test_api_refuses_an_unknown_outcome(visit: FollowUpVisit, agent: User) -> None:
    answer = client_of(agent).post(f"{VISITS}{visit.pk}/complete/", {"outcome": "fine"}, format="json")
    assert answer.status_code == 400
    assert list(answer.data["fields"]) == ["outcome"]


def test_planning_by_hand_respects_a_refusal(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    refuse_contact(ticket.customer)
    ticket.customer.refresh_from_db()
    with pytest.raises(Conflict, match="免打扰"):
        plan_visit(actor=agent, customer=ticket.customer, ticket=ticket, due_at=clock.now())


def test_another_team_sees_no_visit(visit: FollowUpVisit, other_agent: User, auditor: User) -> None:
    complete = f"{VISITS}{visit.pk}/complete/"
    assert client_of(other_agent).get(VISITS).data["results"] == []
    assert client_of(other_agent).post(complete, {"outcome": "satisfied"}, format="json").status_code == 404
    assert len(client_of(auditor).get(VISITS).data["results"]) == 1
    assert client_of(auditor).post(complete, {"outcome": "satisfied"}, format="json").status_code == 403


def test_the_list_has_a_constant_number_of_queries(
    make_ticket: Make, end: Make, admin: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        end(make_ticket(**COMPLAINT))
    with django_assert_max_num_queries(3):
        assert len(client_of(admin).get(VISITS).data["results"]) == 3
