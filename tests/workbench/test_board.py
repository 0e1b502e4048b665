"""The supervisor's board."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.timers import fire_due
from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Queue, SLAClock, Ticket
from tickets.services import conversation, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


@pytest.fixture(autouse=True)
def _nobody_is_dispatched(agent: User) -> None:
    """Tickets stay in their queue until the test moves them."""
    User.objects.filter(pk=agent.pk).update(availability="busy")


def board_of(user: User) -> Any:
    answer = browser(user).get("/board/")
    text(answer)
    return answer.context["board"]


def test_only_supervisors_and_admins_open_it(
    agent: User, lead: User, auditor: User, supervisor: User, admin: User, desk: Desk
) -> None:
    for person in (agent, lead, auditor):
        text(browser(person).get("/board/"), 403)
        text(browser(person).post("/board/assign/", {"number": "1"}), 403)
        assert 'href="/board/"' not in text(browser(person).get("/tickets/"))
    for person in (supervisor, admin):
        page = text(browser(person).get("/board/"))
        assert 'href="/board/"' in page
        assert "售后队列" in page


def test_people_with_their_load_and_limit(agent: User, supervisor: User, other_agent: User, make_ticket: Make) -> None:
    for _ in range(2):
        transitions.assign(ticket=make_ticket(), actor=agent)
    paused = make_ticket()
    transitions.assign(ticket=paused, actor=agent)
    transitions.hold(ticket=paused, actor=agent)
    board = board_of(supervisor)
    assert [(row.user, row.load, row.paused) for row in board.agents] == [(agent, 2, 1)]
    assert "2 / 8" in text(browser(supervisor).get("/board/"))
    assert other_agent not in [row.user for row in board.agents]


def test_the_longest_wait_of_each_queue(supervisor: User, frozen: Any, make_ticket: Make) -> None:
    first = make_ticket()
    frozen.shift(600)
    make_ticket()
    row = board_of(supervisor).queues[0]
    assert (row.waiting, row.oldest.ticket) == (2, first)


def test_a_queue_with_nobody_on_duty_is_flagged(agent: User, supervisor: User, make_ticket: Make) -> None:
    make_ticket()
    page = text(browser(supervisor).get("/board/"))
    assert "无人在岗，1 张工单在等" in page
    User.objects.filter(pk=agent.pk).update(availability="online")
    page = text(browser(supervisor).get("/board/"))
    assert "无人在岗" not in page
    assert "1 人在岗" in page


def test_what_breaks_within_the_hour(supervisor: User, frozen: Any, make_ticket: Make) -> None:
    ticket = make_ticket()
    frozen.shift(1800)
    board = board_of(supervisor)
    assert [(row.ticket, row.metric) for row in board.soon] == [(ticket, "首次响应")]
    assert board.counts == {"waiting": 1, "soon": 1, "overdue": 0}


@pytest.mark.capability("C11")
def test_a_late_first_response_is_on_the_board_within_a_minute(
    supervisor: User, frozen: Any, make_ticket: Make
) -> None:
    ticket = make_ticket()
    clock_row = SLAClock.objects.get(ticket=ticket, metric="first_response")
    assert clock_row.started_at == ticket.created_at
    frozen.shift(3595)
    assert board_of(supervisor).breaches == []
    frozen.shift(10)  # five seconds late; the timer has not fired yet
    assert [row.ticket for row in board_of(supervisor).breaches] == [ticket]
    page = text(browser(supervisor).get("/board/", headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert ticket.number in page


@pytest.mark.capability("C11")
def test_a_breach_stays_for_the_day_after_it_was_answered(
    agent: User, supervisor: User, frozen: Any, make_ticket: Make
) -> None:
    ticket = make_ticket()
    frozen.shift(3700)
    fire_due()
    transitions.assign(ticket=ticket, actor=agent)
    conversation.reply(ticket=ticket, actor=agent, body="抱歉久等")
    rows = board_of(supervisor).breaches
    assert [(row.ticket, row.answered_at is not None) for row in rows] == [(ticket, True)]
    frozen.shift(24 * 3600)
    assert board_of(supervisor).breaches == []


def test_others_tickets_are_not_on_it(supervisor: User, desk: Desk, frozen: Any, make_ticket: Make) -> None:
    ticket = make_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(queue=desk.other_queue)
    frozen.shift(3700)
    board = board_of(supervisor)
    assert board.breaches == []
    assert board.counts["overdue"] == 0
    assert [row.queue for row in board.queues] == [desk.queue]
    text(browser(supervisor).post("/board/assign/", {"number": ticket.number, "assignee": supervisor.pk}), 404)


def test_a_ticket_is_given_to_somebody_else(agent: User, agent2: User, supervisor: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    page = browser(supervisor)
    form = {"number": ticket.number, "assignee": str(agent.pk)}
    assert f'value="{agent.pk}"' in text(page.get("/board/"))
    assert "已把工单" in text(page.post("/board/assign/", form, follow=True))
    answer = page.post("/board/assign/", form | {"assignee": str(agent2.pk)}, headers={"HX-Request": "true"})
    assert "kean:toast" in answer.headers["HX-Trigger"]
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.status) == (agent2, "open")


def test_a_refusal_shows_beside_the_ticket(supervisor: User, other_agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    page = browser(supervisor)
    for assignee in ("", "abc", str(other_agent.pk)):
        shown = text(page.post("/board/assign/", {"number": ticket.number, "assignee": assignee}))
        assert "请选择负责人" in shown
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_a_supervisor_without_a_queue_is_told_what_to_do(supervisor: User) -> None:
    page = text(browser(supervisor).get("/board/"))
    assert "您的团队还没有负责的队列" in page
    assert "今天首次响应都按时" in page


def test_the_number_of_queries_does_not_grow(
    agent: User, admin: User, desk: Desk, frozen: Any, make_ticket: Make
) -> None:
    def count() -> int:
        page = browser(admin)
        page.get("/board/")
        with CaptureQueriesContext(connection) as queries:
            text(page.get("/board/"))
        return len(queries)

    make_ticket()
    frozen.shift(3700)
    fire_due()
    one = count()
    for number in range(3):
        Queue.objects.create(key=f"q{number}", name=f"队列{number}")
    for _ in range(5):
        make_ticket()
    frozen.shift(3700)
    fire_due()
    assert count() == one
