"""A customer is asked once for each solution, and may answer once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.events import Event, run_consumers
from core.questionnaires.models import Invitation
from crm.followups.consumers import react_to
from crm.followups.models import FollowupSettings, SurveyInvitation
from crm.followups.services import survey_url
from crm.staff.models import User
from tests.followups.conftest import client_of
from tickets.models import Ticket
from tickets.services import transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B13")]

Make = Callable[..., Ticket]
SURVEYS = "/api/v1/surveys/"


@pytest.fixture
def public() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def invited(make_ticket: Make, solve: Make) -> tuple[Ticket, SurveyInvitation, str]:
    ticket = solve(make_ticket())
    survey = SurveyInvitation.objects.get(ticket=ticket)
    url = survey_url(survey)
    assert url is not None
    return ticket, survey, "/" + url.split("/", 3)[3]


def kinds(ticket: Ticket) -> list[str]:
    return list(Event.objects.about("ticket", ticket.pk).values_list("kind", flat=True))


def test_solving_invites_at_once(invited: Any) -> None:
    ticket, survey, path = invited
    assert path.startswith("/s/")
    assert survey.invitation.expires_at == ticket.solved_at + timedelta(days=7)
    assert (survey.assignee_id, survey.solve_number) == (ticket.assignee_id, 1)


def test_the_cursor_invites_when_the_signal_was_lost(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    transitions.assign(ticket=ticket, actor=agent)
    transitions.solve(ticket=ticket, actor=agent)
    assert not SurveyInvitation.objects.exists()
    run_consumers()
    assert SurveyInvitation.objects.filter(ticket=ticket).count() == 1


def test_signal_and_cursor_together_invite_once(invited: Any) -> None:
    ticket, _survey, _path = invited
    run_consumers()
    for event in Event.objects.filter(kind="ticket.solved"):
        react_to(event)
    assert SurveyInvitation.objects.filter(ticket=ticket).count() == 1
    assert kinds(ticket).count("survey.invited") == 1


def test_reopening_withdraws_and_solving_again_asks_again(
    invited: Any, solve: Make, agent: User, committed: Any, public: Client
) -> None:
    ticket, first, path = invited
    with committed():
        transitions.reopen(ticket=ticket, actor=agent, reason="还没好")
    assert public.get(path).status_code == 409
    solve(ticket)
    second = SurveyInvitation.objects.get(ticket=ticket, solve_number=2)
    assert second.pk != first.pk
    # The cursor reads the old re-opening later: it must not withdraw the new invitation.
    run_consumers()
    assert Invitation.objects.get(survey=second).state == "open"


def test_who_refused_contact_is_not_asked_and_that_is_recorded(make_ticket: Make, solve: Make) -> None:
    ticket = make_ticket()
    type(ticket.customer).objects.filter(pk=ticket.customer_id).update(do_not_contact_at=clock.now())
    solve(ticket)
    assert not SurveyInvitation.objects.exists()
    # The cursor reads the same event again.
    run_consumers()
    assert kinds(ticket).count("survey.skipped") == 1


def test_surveys_can_be_switched_off_and_last_as_long_as_set(make_ticket: Make, solve: Make) -> None:
    settings = FollowupSettings.objects.create(pk=1, survey_days=3)
    ticket = solve(make_ticket())
    assert SurveyInvitation.objects.get().invitation.expires_at == ticket.solved_at + timedelta(days=3)
    settings.is_survey_on = False
    settings.save()
    solve(make_ticket())
    assert SurveyInvitation.objects.count() == 1


# The public page


def test_the_page_asks_in_chinese_and_tells_nothing_of_the_ticket(invited: Any, public: Client) -> None:
    ticket, _survey, path = invited
    page = public.get(path)
    text = page.content.decode()
    assert page.status_code == 200
    assert "您对本次服务满意吗" in text
    assert "no-store" in page["Cache-Control"]
    for secret in (ticket.number, "陈女士", "13800138000", ticket.subject or "请问这个怎么用"):
        assert secret not in text


def test_a_form_answer_counts_and_marks_the_ticket_evaluated(invited: Any, public: Client) -> None:
    ticket, survey, path = invited
    answer = public.post(path, {"score": "5", "reasons": ["quick", "kind"], "comment": "很好"})
    assert answer.status_code == 200
    assert "感谢您的评价" in answer.content.decode()
    survey.refresh_from_db()
    ticket.refresh_from_db()
    assert survey.score == 5
    assert ticket.evaluated_at == survey.answered_at
    event = Event.objects.get(kind="survey.answered")
    assert event.audience == ticket.audience
    assert event.payload["score"] == 5
    assert event.payload["reasons"] == ["quick", "kind"]
    assert "很好" not in str(event.payload)


def test_a_json_answer_counts(invited: Any, public: Client) -> None:
    _ticket, survey, path = invited
    answer = public.post(path, {"score": 4, "reasons": ["回复及时", "其他"]}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json() == {"message": "感谢您的评价！"}
    survey.refresh_from_db()
    assert survey.score == 4


def test_a_second_answer_is_told_so(invited: Any, public: Client) -> None:
    _ticket, survey, path = invited
    public.post(path, {"score": 5}, content_type="application/json")
    again = public.post(path, {"score": 1}, content_type="application/json")
    assert again.status_code == 409
    assert again.json() == {"code": "already_answered", "message": "您已经评价过了，谢谢！", "fields": {}}
    assert "已经评价过" in public.get(path).content.decode()
    survey.refresh_from_db()
    assert survey.score == 5


@pytest.mark.parametrize("score", [0, 6, -1, "a", None, 4.5, 10**30])
def test_a_score_outside_the_scale_is_refused_politely(invited: Any, public: Client, score: Any) -> None:
    _ticket, survey, path = invited
    answer = public.post(path, {"score": score}, content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["score"]
    form = public.post(path, {"score": "" if score is None else str(score), "comment": "留着"})
    assert form.status_code == 400
    assert "留着" in form.content.decode()
    survey.refresh_from_db()
    assert survey.score is None


def test_a_forged_link_is_unknown(invited: Any, public: Client) -> None:
    _ticket, _survey, path = invited
    forged = path[:-3] + ("AA/" if path[-3:-1] != "AA" else "BB/")
    assert public.get(forged).status_code == 404
    answer = public.post(forged, {"score": 5}, content_type="application/json")
    assert answer.status_code == 404
    assert answer.json()["code"] == "survey_unknown"


def test_an_expired_link_is_refused_to_the_second(invited: Any, public: Client) -> None:
    _ticket, survey, path = invited
    with clock.at(survey.invitation.expires_at - timedelta(seconds=1)):
        assert public.get(path).status_code == 200
    with clock.at(survey.invitation.expires_at):
        answer = public.post(path, {"score": 5}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "survey_expired")


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "5", '{"score": NaN}', '{"score": 5, "comment": "a\\u0000"}'])
def test_malformed_json_is_refused(invited: Any, public: Client, body: str) -> None:
    _ticket, _survey, path = invited
    answer = public.post(path, body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message", "fields"}


def test_too_many_answers_from_one_address_are_slowed(invited: Any, public: Client, monkeypatch: Any) -> None:
    _ticket, _survey, path = invited
    monkeypatch.setattr("crm.followups.views.hit", lambda limit, identity: 30)
    answer = public.post(path, {"score": 5}, content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")


def test_a_low_score_is_marked_and_told_and_does_not_reopen(invited: Any, public: Client) -> None:
    ticket, _survey, path = invited
    public.post(path, {"score": 2, "reasons": ["slow"]}, content_type="application/json")
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    event = Event.objects.get(kind="survey.unsatisfied")
    assert set(event.audience) == {f"queue:{ticket.queue_id}", f"user:{ticket.assignee_id}"}


# For the team


def test_staff_see_link_and_result(invited: Any, agent: User, public: Client) -> None:
    ticket, _survey, path = invited
    row = client_of(agent).get(SURVEYS, {"ticket": ticket.pk}).data["results"][0]
    assert row["url"].endswith(path)
    assert (row["state"], row["score"]) == ("open", None)
    public.post(
        path,
        {"score": 3, "reasons": ["slow", "等了三天"], "comment": "电话 13800138000"},
        content_type="application/json",
    )
    row = client_of(agent).get(SURVEYS, {"ticket": ticket.number}).data["results"][0]
    assert (row["state"], row["score"], row["reasons"]) == ("answered", 3, ["slow", "等了三天"])
    assert "13800138000" in row["comment"]


def test_auditors_see_comments_masked(invited: Any, auditor: User, public: Client) -> None:
    ticket, _survey, path = invited
    public.post(path, {"score": 3, "comment": "电话 13800138000"}, content_type="application/json")
    row = client_of(auditor).get(SURVEYS, {"ticket": ticket.pk}).data["results"][0]
    assert "13800138000" not in row["comment"]


def test_another_team_sees_nothing(invited: Any, other_agent: User) -> None:
    ticket, survey, _path = invited
    assert client_of(other_agent).get(SURVEYS, {"ticket": ticket.pk}).data["results"] == []
    assert client_of(other_agent).get(f"{SURVEYS}{survey.pk}/").status_code == 404


def test_filters_are_strict(agent: User) -> None:
    assert client_of(agent).get(SURVEYS, {"ticket": "abc"}).status_code == 400
    assert client_of(agent).get(SURVEYS, {"tickt": "1"}).status_code == 400


def test_the_list_has_a_constant_number_of_queries(
    make_ticket: Make, solve: Make, admin: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        solve(make_ticket())
    with django_assert_max_num_queries(3):
        assert len(client_of(admin).get(SURVEYS).data["results"]) == 3
