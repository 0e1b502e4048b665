"""Surveys and visits follow their customer, stand on the customer's page and count for the risk of leaving."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.followups.services import plan_visit
from customers import concerns
from customers.models import Customer
from customers.services import create_customer, merge_customers, unmerge_customers
from tickets.models import Ticket
from tickets.services import intake

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def page(user: Any, customer: Customer) -> str:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client.get(f"/customers/{customer.pk}/").content.decode()


@pytest.fixture
def scored(make_ticket: Make, solve: Make) -> Callable[[int], SurveyInvitation]:
    """A complaint of a customer, solved and scored now."""

    def make(score: int) -> SurveyInvitation:
        survey = SurveyInvitation.objects.get(ticket=solve(make_ticket()))
        survey.score, survey.answered_at = score, clock.now()
        survey.save(update_fields=["score", "answered_at"])
        return survey

    return make


def holders(survey: SurveyInvitation, visit: FollowUpVisit) -> tuple[Customer, Customer]:
    """Whose the two rows are now."""
    return (
        SurveyInvitation.objects.get(pk=survey.pk).customer,
        FollowUpVisit.objects.get(pk=visit.pk).customer,
    )


@pytest.mark.capability("A03")
def test_a_merge_takes_surveys_and_visits_along_and_the_undo_brings_them_back(scored: Any, lead: Any) -> None:
    survey = scored(5)
    source = survey.customer
    visit = plan_visit(actor=lead, customer=source, due_at=clock.now() + timedelta(days=1))
    target = create_customer(actor=lead, changes={"name": "李娜"})
    merge = merge_customers(source=source, target=target, actor=lead)
    assert holders(survey, visit) == (target, target)
    unmerge_customers(merge=merge, actor=lead)
    assert holders(survey, visit) == (source, source)


@pytest.mark.capability("A01")
def test_the_customer_page_shows_answers_and_visits(scored: Any, lead: Any, agent: Any) -> None:
    survey = scored(2)
    plan_visit(actor=lead, customer=survey.customer, due_at=clock.now(), ticket=survey.ticket)
    shown = page(agent, survey.customer)
    assert "评价 2 分" in shown
    assert "还没有评价和回访" not in shown
    assert "还没有评价和回访" in page(agent, create_customer(actor=agent, changes={"name": "新客"}))


@pytest.mark.capability("A21")
@pytest.mark.parametrize(("score", "days", "counts"), [(2, 30, True), (3, 0, False), (2, 31, False)])
def test_a_low_score_counts_for_thirty_days(scored: Any, score: int, days: int, counts: bool) -> None:
    survey = scored(score)
    with clock.at(survey.answered_at + timedelta(days=days)):
        found = concerns.aggrieved(concerns.LOW_SCORE, [survey.customer_id])
    assert found == ({survey.customer_id} if counts else set())


@pytest.mark.capability("A21")
def test_a_complaint_counts_until_it_is_solved(make_ticket: Make, solve: Make) -> None:
    ticket = make_ticket(type="complaint")
    asking = intake.CustomerGiven(name="周先生", phone="13900139000")
    question = make_ticket(type="consultation", customer=asking)
    ids = [ticket.customer_id, question.customer_id]
    assert concerns.aggrieved(concerns.OPEN_COMPLAINT, ids) == {ticket.customer_id}
    solve(ticket)
    assert concerns.aggrieved(concerns.OPEN_COMPLAINT, ids) == set()
