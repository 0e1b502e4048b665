"""Passing tickets on (B15): counted, the third time confirmed and listed, never to a group without people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.approvals.models import ApprovalRequest
from core.approvals.services import decide, expire
from core.errors import Conflict, InvalidInput, NotAllowed
from crm.staff.models import User
from crm.staff.services.tokens import issue_token
from tests.tickets.conftest import Desk
from tickets.choices import TransferState
from tickets.models import Queue, Ticket, TicketTransfer
from tickets.services import transfers, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B15")]
Make = Callable[..., Ticket]


@pytest.fixture
def staffed(desk: Desk, agent: User, other_agent: User, supervisor: User, lead: User) -> Desk:
    """Both groups have people, and a third queue belongs to the first team."""
    third = Queue.objects.create(key="store", name="门店队列")
    agent.teams.get().queues.add(third)
    return desk


@pytest.fixture
def twice(staffed: Desk, agent: User, make_ticket: Make) -> Ticket:
    """A ticket that was passed on two times and is back at the first desk's third queue."""
    ticket = make_ticket("一直没人处理")
    transfers.transfer(ticket=ticket, actor=agent, queue=staffed.other_queue, reason="属于售前")
    transfers.transfer(ticket=ticket, actor=agent, queue=Queue.objects.get(key="store"), reason="属于门店")
    ticket.refresh_from_db()
    return ticket


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def test_transfers_are_counted_with_their_way(twice: Ticket) -> None:
    assert twice.move_count == 2
    rows = TicketTransfer.objects.filter(ticket=twice).order_by("number")
    assert [(row.number, row.source.key, row.target.key, row.state) for row in rows] == [
        (1, "desk", "presale", "done"),
        (2, "presale", "store", "done"),
    ]
    assert TicketTransfer.objects.defects().count() == 0


def test_the_third_transfer_of_an_agent_waits_for_a_supervisor(twice: Ticket, agent: User, staffed: Desk) -> None:
    with pytest.raises(Conflict) as told:
        transfers.transfer(ticket=twice, actor=agent, queue=staffed.other_queue, reason="还是售前的")
    assert told.value.code == "confirmation_requested"
    twice.refresh_from_db()
    assert (twice.queue.key, twice.move_count) == ("store", 2)
    waiting = TicketTransfer.objects.get(state=TransferState.WAITING)
    assert (waiting.number, waiting.approval_id) == (3, told.value.extra["approval"])
    with pytest.raises(Conflict) as again:
        transfers.transfer(ticket=twice, actor=agent, queue=staffed.other_queue, reason="再试")
    assert again.value.code == "transfer_waiting"


def test_confirmed_it_moves_and_stands_on_the_list_of_defects(
    twice: Ticket, agent: User, lead: User, supervisor: User, staffed: Desk
) -> None:
    with pytest.raises(Conflict):
        transfers.transfer(ticket=twice, actor=agent, queue=staffed.other_queue, reason="还是售前的")
    request = ApprovalRequest.objects.get()
    with pytest.raises(NotAllowed):
        decide(request=request, actor=agent, approve=True)
    with pytest.raises(NotAllowed):
        decide(request=request, actor=lead, approve=True)
    assert request in ApprovalRequest.objects.visible_to(supervisor)
    decide(request=request, actor=supervisor, approve=True)
    twice.refresh_from_db()
    assert (twice.queue.key, twice.move_count) == ("presale", 3)
    defect = TicketTransfer.objects.defects().get()
    assert (defect.number, defect.actor, defect.confirmed_by) == (3, agent, supervisor)
    admin = User.objects.create(username="boss", role="admin")
    page = browser(admin).get("/transfers/").content.decode()
    assert "售后队列 → 售前队列 → 门店队列 → 售前队列" in page
    assert "还是售前的" in page


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_what_is_not_confirmed_stays_where_it_is(
    twice: Ticket, agent: User, supervisor: User, staffed: Desk, how: str
) -> None:
    with pytest.raises(Conflict):
        transfers.transfer(ticket=twice, actor=agent, queue=staffed.other_queue, reason="还是售前的")
    request = ApprovalRequest.objects.get()
    if how == "rejected":
        decide(request=request, actor=supervisor, approve=False)
    else:
        expire(request_id=request.pk)
    twice.refresh_from_db()
    assert (twice.queue.key, twice.move_count) == ("store", 2)
    assert TicketTransfer.objects.filter(state=TransferState.REFUSED).count() == 1
    assert TicketTransfer.objects.defects().count() == 0


def test_a_supervisor_confirms_their_own_with_a_reason(twice: Ticket, supervisor: User, staffed: Desk) -> None:
    with pytest.raises(InvalidInput) as fault:
        transfers.transfer(ticket=twice, actor=supervisor, queue=staffed.other_queue)
    assert "reason" in fault.value.fields
    transfers.transfer(ticket=twice, actor=supervisor, queue=staffed.other_queue, reason="分工已确认")
    assert TicketTransfer.objects.defects().get().confirmed_by == supervisor


def test_a_closed_group_is_refused_and_open_ones_are_named(staffed: Desk, agent: User, make_ticket: Make) -> None:
    nobody = Queue.objects.create(key="night", name="夜班队列")
    ticket = make_ticket()
    with pytest.raises(Conflict) as refused:
        transfers.transfer(ticket=ticket, actor=agent, queue=nobody, reason="夜班处理")
    assert refused.value.code == "closed_group"
    assert refused.value.extra["alternatives"] == [
        {"key": "presale", "name": "售前队列"},
        {"key": "store", "name": "门店队列"},
    ]
    assert "可转到：售前队列、门店队列" in str(refused.value)
    ticket.refresh_from_db()
    assert (ticket.queue.key, ticket.move_count) == ("desk", 0)


def test_a_group_whose_people_have_all_left_is_closed(
    staffed: Desk, agent: User, other_agent: User, make_ticket: Make
) -> None:
    User.objects.filter(pk=other_agent.pk).update(is_active=False)
    with pytest.raises(Conflict) as refused:
        transitions.move(ticket=make_ticket(), actor=agent, queue=staffed.other_queue)
    assert refused.value.code == "closed_group"


def test_the_group_may_close_before_the_confirmation(
    twice: Ticket, agent: User, other_agent: User, supervisor: User, staffed: Desk
) -> None:
    with pytest.raises(Conflict):
        transfers.transfer(ticket=twice, actor=agent, queue=staffed.other_queue, reason="还是售前的")
    User.objects.filter(pk=other_agent.pk).update(is_active=False)
    request = ApprovalRequest.objects.get()
    with pytest.raises(Conflict) as refused:
        decide(request=request, actor=supervisor, approve=True)
    assert refused.value.code == "closed_group"
    request.refresh_from_db()
    assert request.state == "pending"


def test_over_the_api_the_answer_says_what_happened(twice: Ticket, agent: User, staffed: Desk) -> None:
    _row, token = issue_token(user=agent, name="t", actor=agent)
    client: Any = Client(headers={"Authorization": f"Token {token}"})
    body = {"action": "move", "queue": "presale", "reason": "还是售前的"}
    answer = client.post(f"/api/v1/tickets/{twice.pk}/transitions/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "confirmation_requested")
    assert answer.json()["approval"] == ApprovalRequest.objects.get().pk
    rows = client.get("/api/v1/transfers/").json()["results"]
    assert [row["number"] for row in rows] == [3, 2, 1]
    assert client.get("/api/v1/transfers/?defect=true").json()["results"] == []


def test_the_desk_says_it_before_and_after(twice: Ticket, agent: User, staffed: Desk) -> None:
    Queue.objects.create(key="night", name="夜班队列")
    page = browser(agent)
    dialog = page.get(f"/desk/{twice.number}/handover/").content.decode()
    assert "再次转接须主管确认" in dialog
    assert "夜班队列 · 无人在岗" in dialog
    told = page.post(f"/desk/{twice.number}/do/move/", {"queue": "presale", "reason": "还是售前的"}).content.decode()
    assert "已提交主管确认" in told
    history = page.get(f"/desk/{twice.number}/side/history/").content.decode()
    assert "等主管确认" in history


def test_taking_back_does_not_count(staffed: Desk, agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    was = ticket.assignee
    transfers.transfer(ticket=ticket, actor=agent, queue=staffed.other_queue)
    back = transfers.take_back(ticket=ticket, actor=agent, queue=staffed.queue, assignee=was)
    assert (back.queue, back.move_count, back.assignee) == (staffed.queue, 0, was)
    assert TicketTransfer.objects.count() == 0
    with pytest.raises(Conflict):
        transfers.take_back(ticket=ticket, actor=agent, queue=staffed.queue)


def test_the_system_may_pass_on_without_asking_and_it_still_counts(staffed: Desk, twice: Ticket) -> None:
    transitions.move(ticket=twice, actor=None, queue=staffed.other_queue)
    assert TicketTransfer.objects.defects().get().confirmed_by is None
