"""A ticket put away leaves the list and comes back; its promises run on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput
from core.timers import fire_due
from crm.staff.models import User
from crm.workbench.desk import VIEWS
from tests.workbench.conftest import browser, text
from tickets.choices import NoticeKind
from tickets.models import Notice, Ticket
from tickets.services import conversation, snoozing, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def shown_in(ticket: Ticket, user: User) -> set[str]:
    rows = Ticket.objects.visible_to(user).filter(pk=ticket.pk)
    return {key for key, view in VIEWS.items() if rows.filter(view.condition(user)).exists()}


def test_it_leaves_the_open_views_and_returns_by_timer_with_a_notice(
    make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    transitions.assign(ticket=ticket, actor=agent)
    assert {"mine", "open"} <= shown_in(ticket, agent)
    snoozing.snooze(ticket=ticket, actor=agent, until=clock.now() + timedelta(hours=2))
    assert not shown_in(ticket, agent) & {"mine", "open", "waiting", "human", "paused"}
    assert "snoozed" in shown_in(ticket, agent)
    frozen.shift(7199)
    fire_due(now=clock.now())
    assert "mine" not in shown_in(ticket, agent)
    frozen.shift(1)
    fire_due(now=clock.now())
    assert {"mine", "open"} <= shown_in(ticket, agent)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (agent, NoticeKind.SNOOZE_OVER)


def test_the_clocks_run_on_and_a_breach_shows(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    due = ticket.first_response_due_at
    snoozing.snooze(ticket=ticket, actor=agent, until=clock.now() + timedelta(hours=8))
    ticket.refresh_from_db()
    assert ticket.first_response_due_at == due
    frozen.shift(3601)
    fire_due(now=clock.now())
    assert ticket.clocks.get(metric="first_response").breached_at is not None
    assert "overdue" in shown_in(ticket, agent)


@pytest.mark.parametrize("until", [None, timedelta(days=1)])
def test_the_customer_wakes_it(make_ticket: Make, agent: User, frozen: Any, until: timedelta | None) -> None:
    ticket = make_ticket()
    transitions.assign(ticket=ticket, actor=agent)
    snoozing.snooze(ticket=ticket, actor=agent, until=clock.now() + until if until else None)
    conversation.customer_message(ticket=ticket, body="可以", actor=None)
    assert "mine" in shown_in(ticket, agent)
    assert Notice.objects.get().kind == NoticeKind.CUSTOMER_WOKE


def test_a_machine_does_not_wake_it(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    snoozing.snooze(ticket=ticket, actor=agent)
    conversation.customer_message(ticket=ticket, body="我在休假", actor=None, is_automatic=True)
    ticket.refresh_from_db()
    assert ticket.snoozed_at is not None


def test_put_away_anew_it_wakes_at_the_new_moment_only(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    snoozing.snooze(ticket=ticket, actor=agent, until=clock.now() + timedelta(hours=1))
    snoozing.wake(ticket=ticket, actor=agent)
    snoozing.snooze(ticket=ticket, actor=agent, until=clock.now() + timedelta(hours=3))
    frozen.shift(3600)
    fire_due(now=clock.now())
    ticket.refresh_from_db()
    assert ticket.snoozed_at is not None
    frozen.shift(7200)
    fire_due(now=clock.now())
    ticket.refresh_from_db()
    assert ticket.snoozed_at is None


def test_solved_and_reopened_it_is_in_the_list(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    snoozing.snooze(ticket=ticket, actor=agent)
    transitions.solve(ticket=ticket, actor=agent)
    transitions.reopen(ticket=ticket, actor=agent)
    assert "mine" in shown_in(ticket, agent)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=91)])
def test_the_moment_lies_ahead_within_ninety_days(
    make_ticket: Make, agent: User, frozen: Any, ahead: timedelta
) -> None:
    with pytest.raises(InvalidInput) as refused:
        snoozing.snooze(ticket=make_ticket(), actor=agent, until=clock.now() + ahead)
    assert "until" in refused.value.fields


def test_only_what_is_open_is_put_away(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    transitions.solve(ticket=ticket, actor=agent)
    with pytest.raises(Conflict):
        snoozing.snooze(ticket=ticket, actor=agent)
    with pytest.raises(Conflict):
        snoozing.wake(ticket=ticket, actor=agent)


def test_at_the_desk(make_ticket: Make, agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    page = text(browser(agent).post(f"/desk/{ticket.number}/do/snooze/", {"until": "2026-11-17T09:00"}))
    assert "11-17 09:00 回到列表" in page
    assert ticket.number in text(browser(agent).get("/desk/rows/?view=snoozed"))
    page = text(browser(agent).post(f"/desk/{ticket.number}/do/snooze/", {"until": "明早"}))
    assert "时间不正确" in page
    page = text(browser(agent).post(f"/desk/{ticket.number}/do/wake/"))
    assert "回到列表" not in page
