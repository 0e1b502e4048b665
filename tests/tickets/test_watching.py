"""Who is named in a note, or watches, hears of the ticket; nobody else does."""

from collections.abc import Callable
from typing import Any

import pytest

from core.events import Event
from crm.staff.models import User
from tests.factories import UserFactory
from tests.workbench.conftest import browser, text
from tickets.choices import NoticeKind
from tickets.models import Notice, Ticket, TicketWatcher
from tickets.services import conversation, watching

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def note(ticket: Ticket, actor: User, body: str) -> None:
    conversation.add_note(ticket=ticket, actor=actor, body=body)


def test_who_is_named_watches_and_gets_a_notice(make_ticket: Make, agent: User, agent2: User) -> None:
    ticket = make_ticket()
    note(ticket, agent, "@agent2 帮忙核对一下库存，@agent 我自己")
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.actor) == (agent2, NoticeKind.MENTIONED, agent)
    assert TicketWatcher.objects.get().user == agent2
    event = Event.objects.get(kind="notice.created")
    assert event.audience == [f"user:{agent2.pk}"]


def test_a_display_name_runs_into_chinese_words(make_ticket: Make, agent: User, team: Any) -> None:
    wang, longer = (
        UserFactory(username=name, display_name=shown, team=team) for name, shown in (("w1", "王小"), ("w2", "王小明"))
    )
    ticket = make_ticket()
    note(ticket, agent, "请@王小明看一下")
    assert [row.user for row in Notice.objects.all()] == [longer]
    note(ticket, agent, "请@王小看一下")
    assert {row.user for row in Notice.objects.all()} == {longer, wang}


def test_a_name_that_two_bear_names_nobody(make_ticket: Make, agent: User, team: Any) -> None:
    for name in ("li1", "li2"):
        UserFactory(username=name, display_name="李娜", team=team)
    note(make_ticket(), agent, "@李娜 看一下")
    assert not Notice.objects.exists()


def test_who_may_not_see_the_ticket_cannot_be_named(make_ticket: Make, agent: User, other_agent: User) -> None:
    ticket = make_ticket()
    note(ticket, agent, "@other_agent 看一下")
    assert not Notice.objects.exists()
    assert not Ticket.objects.visible_to(other_agent).filter(pk=ticket.pk).exists()


def test_those_offered_are_those_who_see_it(
    make_ticket: Make, agent: User, agent2: User, other_agent: User, supervisor: User, admin: User, auditor: User
) -> None:
    ticket = make_ticket()
    offered = {person.pk for person in watching.colleagues(ticket)}
    everybody = User.objects.exclude(role="auditor")
    assert offered == {person.pk for person in everybody if Ticket.objects.visible_to(person).filter(pk=ticket.pk)}
    found = browser(agent).get(f"/desk/{ticket.number}/colleagues/").json()["results"]
    assert {one["username"] for one in found} == {"agent2", "supervisor", "admin"}


def test_watchers_hear_of_the_customers_message_once_until_read(make_ticket: Make, agent: User, agent2: User) -> None:
    ticket = make_ticket()
    watching.watch(ticket=ticket, actor=agent2)
    watching.watch(ticket=ticket, actor=agent2)
    for body in ("还在吗", "请回复"):
        conversation.customer_message(ticket=ticket, body=body, actor=None)
    assert Notice.objects.filter(user=agent2, kind=NoticeKind.WATCHED_MESSAGE).count() == 1
    watching.unwatch(ticket=ticket, actor=agent2)
    Notice.objects.all().delete()
    conversation.customer_message(ticket=ticket, body="喂", actor=None)
    assert not Notice.objects.filter(user=agent2).exists()


def test_the_bell_counts_shows_and_is_read(make_ticket: Make, agent: User, agent2: User) -> None:
    ticket = make_ticket()
    note(ticket, agent, "@agent2 看一下")
    page = browser(agent2)
    assert page.get("/notices/count/").json() == {"count": 1}
    assert f"{agent.name}提到您" in text(page.get("/notices/", headers={"HX-Request": "true"}))
    assert ticket.number in text(page.get("/notices/"))
    assert "没有提醒" in text(browser(agent).get("/notices/"))
    own = Notice.objects.get()
    browser(agent).post("/notices/read/", {"id": str(own.pk)})
    assert page.get("/notices/count/").json() == {"count": 1}
    page.post("/notices/read/")
    assert page.get("/notices/count/").json() == {"count": 0}


def test_a_bad_notice_number_is_refused(agent: User) -> None:
    answer = browser(agent).post("/notices/read/", {"id": "x"}, headers={"HX-Request": "true"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["id"])


def test_watching_from_the_desk(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    assert "取消关注" in text(browser(agent).post(f"/desk/{ticket.number}/do/watch/"))
    assert "取消关注" not in text(browser(agent).post(f"/desk/{ticket.number}/do/unwatch/"))
