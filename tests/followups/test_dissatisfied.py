"""A low score after a complaint was settled brings it back, to a supervisor (C23)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.events import Event
from crm.followups.models import FollowupSettings, SurveyInvitation
from crm.followups.services import survey_url
from crm.staff.choices import Role
from crm.staff.models import Team, User
from tests.factories import UserFactory
from tickets.models import Escalation, Notice, Ticket
from tickets.services import merging, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C23")]

Make = Callable[..., Ticket]


@pytest.fixture
def closed(make_ticket: Make, end: Make, supervisor: User) -> Ticket:
    return end(make_ticket("杯子碎了，我要投诉", type="complaint"))


def rate(ticket: Ticket, score: int, **answers: Any) -> int:
    """The customer answers the newest survey over HTTP."""
    url = survey_url(SurveyInvitation.objects.filter(ticket=ticket).latest("pk"))
    assert url is not None
    path = "/" + url.split("/", 3)[3]
    return Client().post(path, {"score": score, **answers}, content_type="application/json").status_code


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("assignee").get(pk=ticket.pk)


@pytest.mark.parametrize(("score", "comes_back"), [(1, True), (2, True), (3, False), (5, False)])
def test_two_brings_a_closed_complaint_back_and_three_does_not(
    closed: Ticket, supervisor: User, score: int, comes_back: bool
) -> None:
    assert rate(closed, score) == 200
    ticket = fresh(closed)
    assert ticket.is_open is comes_back
    assert (ticket.assignee == supervisor) is comes_back
    assert Escalation.objects.filter(ticket=ticket, trigger__kind="low_score").count() == int(comes_back)
    assert Notice.objects.filter(ticket=ticket, user=supervisor, kind="escalated").count() == int(comes_back)
    events = Event.objects.about("ticket", ticket.pk).filter(kind="survey.reopened")
    assert [event.payload["supervisor"] for event in events] == ([supervisor.pk] if comes_back else [])


def test_the_second_answer_to_a_link_changes_nothing(closed: Ticket) -> None:
    assert (rate(closed, 1), rate(closed, 1)) == (200, 409)
    assert fresh(closed).reopen_count == 1
    assert Escalation.objects.filter(ticket=closed).count() == 1


def test_open_again_already_it_is_not_opened_twice_but_goes_to_the_supervisor(
    closed: Ticket, agent: User, supervisor: User
) -> None:
    transitions.reopen(ticket=closed, actor=agent, reason="客户来电")
    assert rate(closed, 2) == 200
    ticket = fresh(closed)
    assert (ticket.reopen_count, ticket.assignee) == (1, supervisor)
    assert Escalation.objects.filter(ticket=ticket, trigger__kind="low_score").exists()


def test_settled_again_and_still_bad_it_comes_back_with_the_same_escalation(
    closed: Ticket, supervisor: User, solve: Make
) -> None:
    rate(closed, 1)
    solve(fresh(closed))
    assert rate(closed, 2) == 200
    assert fresh(closed).reopen_count == 2
    assert Escalation.objects.filter(ticket=closed, trigger__kind="low_score").count() == 1
    assert Notice.objects.filter(ticket=closed, user=supervisor, kind="escalated").count() == 2


def test_merged_away_it_comes_back_as_the_ticket_it_is_part_of(
    closed: Ticket, make_ticket: Make, supervisor: User
) -> None:
    whole = make_ticket("同一个杯子", type="complaint")
    merging.merge(source=closed, target=whole, actor=supervisor)
    assert rate(closed, 1) == 200
    assert fresh(whole).assignee == supervisor
    assert Escalation.objects.get(trigger__kind="low_score").ticket_id == whole.pk


def test_of_several_supervisors_the_least_busy_gets_it(
    closed: Ticket, head_team: Team, supervisor: User, make_ticket: Make
) -> None:
    other = UserFactory(username="boss2", role=Role.SUPERVISOR, team=head_team)
    transitions.assign(ticket=make_ticket(), actor=supervisor)
    rate(closed, 2)
    assert fresh(closed).assignee == other


def test_without_a_supervisor_it_stays_with_its_owner_and_is_raised(make_ticket: Make, end: Make, agent: User) -> None:
    ticket = end(make_ticket("我要投诉", type="complaint"))
    assert rate(ticket, 1) == 200
    assert fresh(ticket).assignee == agent
    assert fresh(ticket).is_open


def test_the_line_is_the_teams_to_set_and_a_question_is_not_reopened(
    closed: Ticket, make_ticket: Make, end: Make
) -> None:
    FollowupSettings.objects.create(pk=1, low_score=1)
    rate(closed, 2)
    assert not fresh(closed).is_open
    question = end(make_ticket())
    rate(question, 1)
    assert not fresh(question).is_open


def test_ended_too_long_ago_it_stays_closed_but_the_answer_counts_and_a_supervisor_hears(
    closed: Ticket, supervisor: User
) -> None:
    long_ago = clock.now() - transitions.REOPEN_WINDOW - timedelta(seconds=1)
    Ticket.objects.filter(pk=closed.pk).update(solved_at=long_ago, closed_at=long_ago)
    assert rate(closed, 1) == 200
    assert not fresh(closed).is_open
    assert Event.objects.about("ticket", closed.pk).filter(kind="survey.answered").count() == 1
    assert Notice.objects.filter(ticket=closed, user=supervisor, kind="escalated").count() == 1
