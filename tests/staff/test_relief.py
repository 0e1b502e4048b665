"""Relief from a conversation that is too much: asked with one key, decided by the supervisor, counted for both."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from crm.staff.models import ReliefRequest, User
from crm.staff.services import change_availability, issue_token
from crm.staff.services.relief import ask_relief, decline_relief, grant_relief, withdraw_relief
from crm.staff.services.wellbeing import people_of, strain_of
from tests.tickets.conftest import MONDAY_NINE, Desk, desk, make_ticket
from tests.workbench.conftest import browser, text
from tickets.models import Notice, Ticket
from tickets.services import abuse, conversation, transitions

__all__ = ["Desk", "desk", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("G18")]


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    made = make_ticket("你们就是骗子黑店，气死我了，赶紧退钱")
    if made.assignee_id != agent.pk:
        transitions.assign(ticket=made, actor=agent, assignee=agent)
    return Ticket.objects.get(pk=made.pk)


def test_the_supervisor_of_the_branch_is_told_and_nobody_else(
    ticket: Ticket, agent: User, agent2: User, lead: User, supervisor: User, admin: User
) -> None:
    asked = ask_relief(ticket=ticket, actor=agent, note="连续辱骂")
    assert asked.anger_level == 2
    told = Notice.objects.filter(kind="relief_asked").values_list("user__username", flat=True)
    assert list(told) == ["supervisor"]
    assert "辱骂" not in str(Event.objects.get(kind="relief.asked").payload)


def test_asking_twice_or_for_a_ticket_of_another_is_refused(ticket: Ticket, agent: User, agent2: User) -> None:
    ask_relief(ticket=ticket, actor=agent)
    with pytest.raises(Conflict, match="已经请求换人"):
        ask_relief(ticket=ticket, actor=agent)
    with pytest.raises(Conflict, match="不是这张工单的负责人"):
        ask_relief(ticket=ticket, actor=agent2)


def test_granted_the_conversation_goes_to_a_colleague_and_the_person_has_a_pause(
    ticket: Ticket, agent: User, agent2: User, supervisor: User
) -> None:
    for person in (agent, agent2):
        change_availability(user=person, availability="online", actor=person)
    granted = grant_relief(request=ask_relief(ticket=ticket, actor=agent), actor=supervisor)
    assert granted.handed_to == agent2
    assert Ticket.objects.get(pk=ticket.pk).assignee == agent2
    assert User.objects.get(pk=agent.pk).availability == "break"
    assert Notice.objects.filter(user=agent, kind="relief_granted").exists()


def test_granted_with_nobody_free_it_waits_in_its_queue(ticket: Ticket, agent: User, supervisor: User) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="您好，马上为您核实。")
    granted = grant_relief(request=ask_relief(ticket=ticket, actor=agent), actor=supervisor, availability="busy")
    left = Ticket.objects.get(pk=ticket.pk)
    assert (granted.handed_to, left.assignee, left.status) == (None, None, "new")
    with pytest.raises(Conflict, match="已经处理"):
        grant_relief(request=granted, actor=supervisor)


def test_declining_wants_a_reason_and_nobody_but_the_supervisor_decides(
    ticket: Ticket, agent: User, lead: User, admin: User, supervisor: User
) -> None:
    asked = ask_relief(ticket=ticket, actor=agent)
    for other in (agent, lead, admin):
        with pytest.raises(NotAllowed, match="主管"):
            grant_relief(request=asked, actor=other)
    with pytest.raises(InvalidInput, match="理由"):
        decline_relief(request=asked, actor=supervisor, reason=" ")
    assert decline_relief(request=asked, actor=supervisor, reason="我马上加入").state == "declined"


def test_only_who_asked_takes_it_back(ticket: Ticket, agent: User, supervisor: User) -> None:
    asked = ask_relief(ticket=ticket, actor=agent)
    with pytest.raises(NotAllowed, match="请求人"):
        withdraw_relief(request=asked, actor=supervisor)
    assert withdraw_relief(request=asked, actor=agent).state == "withdrawn"


@pytest.mark.capability("B21")
def test_every_relief_is_counted_in_the_wellbeing_report(
    ticket: Ticket, make_ticket: Callable[..., Ticket], agent: User, supervisor: User
) -> None:
    from_abuse = make_ticket("你们都是骗子")
    transitions.assign(ticket=from_abuse, actor=agent)
    abuse.report_abuse(ticket=from_abuse, actor=agent, wants_relief=True)
    grant_relief(request=ask_relief(ticket=ticket, actor=agent), actor=supervisor)
    [strain] = strain_of([agent], start=MONDAY_NINE.replace(year=2000), end=MONDAY_NINE.replace(year=2100))
    assert (strain.requests, strain.granted, strain.abuse_reports, strain.abuse_reliefs) == (1, 1, 1, 1)
    assert strain.reliefs == 2


def test_the_figures_are_seen_by_the_person_and_their_supervisor_only(
    agent: User, agent2: User, lead: User, supervisor: User, admin: User, auditor: User, other_agent: User
) -> None:
    assert set(people_of(supervisor)) == {supervisor, agent, agent2, lead}
    for person in (agent, lead, admin, auditor):
        assert people_of(person) == [person]


def test_a_request_is_seen_by_the_person_and_their_supervisor_only(
    ticket: Ticket, agent: User, agent2: User, lead: User, supervisor: User, admin: User, auditor: User
) -> None:
    ask_relief(ticket=ticket, actor=agent)
    for person, seen in ((agent, 1), (supervisor, 1), (agent2, 0), (lead, 0), (admin, 0), (auditor, 0)):
        assert ReliefRequest.objects.visible_to(person).count() == seen, person


def test_the_desk_asks_and_the_page_decides(ticket: Ticket, agent: User, supervisor: User) -> None:
    person, head = browser(agent), browser(supervisor)
    assert "请求换人" in text(person.get(f"/desk/{ticket.number}/pane/"))
    text(person.post(f"/desk/{ticket.number}/do/relief/", {"reason": "太激动"}))
    assert "已请求换人" in text(person.get(f"/desk/{ticket.number}/abuse/flag/"))
    asked = ReliefRequest.objects.get()
    assert "太激动" in text(head.get("/wellbeing/"))
    assert "请填写理由" in text(head.post(f"/wellbeing/{asked.pk}/", {"step": "decline"}), 409)
    assert "已换人" in text(head.post(f"/wellbeing/{asked.pk}/", {"step": "grant"}, follow=True))


def test_another_system_asks_decides_and_reads_the_figures(ticket: Ticket, agent: User, supervisor: User) -> None:
    def client(user: User) -> APIClient:
        found = APIClient()
        found.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=user, name='t', actor=user)[1]}")
        return found

    asked = client(agent).post("/api/v1/relief-requests/", {"ticket": ticket.number}, format="json").json()
    assert (asked["state"], asked["anger_level"]) == ("asked", 2)
    head = client(supervisor)
    wrong = head.post(f"/api/v1/relief-requests/{asked['id']}/grant/", {"availability": "offline"}, format="json")
    assert (wrong.status_code, "availability" in wrong.json()["fields"]) == (400, True)
    granted = head.post(f"/api/v1/relief-requests/{asked['id']}/grant/", {}, format="json").json()
    assert granted["state"] == "granted"
    figures = head.get("/api/v1/wellbeing/?days=7").json()
    assert next(row for row in figures if row["person"]["id"] == agent.pk)["granted"] == 1
    assert head.get("/api/v1/wellbeing/?days=0").status_code == 400
