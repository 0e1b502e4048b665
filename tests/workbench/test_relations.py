"""Tickets that belong together: related, parent and child, split off; tied and untied on the desk."""

from collections.abc import Callable

import pytest

from core.errors import Conflict, InvalidInput
from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket, TicketLink
from tickets.services import conversation, merging, relations, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]
Make = Callable[..., Ticket]


def test_related_tickets_know_each_other_and_can_be_untied(agent: User, make_ticket: Make) -> None:
    one, other = make_ticket("甲"), make_ticket("乙")
    page = browser(agent)
    assert "相关 ·" in text(page.post(f"/desk/{other.number}/do/link/", {"into": one.number}))
    link = TicketLink.objects.get()
    assert (link.ticket, link.other) == (one, other)
    assert [item.other for item in relations.relations_of(one, agent)] == [other]
    with pytest.raises(Conflict):
        relations.link(ticket=one, other=other, actor=agent)
    page.post(f"/desk/{one.number}/do/unlink/", {"link": link.pk})
    assert TicketLink.objects.count() == 0


def test_a_parent_offers_to_solve_its_open_children(agent: User, make_ticket: Make) -> None:
    parent, first, second = make_ticket("停电"), make_ticket("甲"), make_ticket("乙")
    for child in (first, second):
        relations.link(ticket=child, other=parent, actor=agent, kind="parent")
    page = browser(agent)
    assert "解决 2 张未结的下级工单" in text(page.get(f"/desk/{parent.number}/"))
    assert (
        "下级工单"
        not in text(page.post(f"/desk/{parent.number}/do/solve_children/"))
        .split("side-relations")[1]
        .split("<details")[0]
    )
    assert set(Ticket.objects.filter(pk__in=[first.pk, second.pk]).values_list("status", flat=True)) == {"solved"}
    parent.refresh_from_db()
    assert parent.is_open


def test_there_are_two_levels_and_no_circle(agent: User, make_ticket: Make) -> None:
    parent, child, third = make_ticket("甲"), make_ticket("乙"), make_ticket("丙")
    relations.link(ticket=child, other=parent, actor=agent, kind="parent")
    for ticket, other in ((parent, child), (third, child), (parent, third), (child, third)):
        with pytest.raises(Conflict):
            relations.link(ticket=ticket, other=other, actor=agent, kind="parent")
    with pytest.raises(InvalidInput):
        relations.link(ticket=third, other=third, actor=agent)


def test_a_message_becomes_a_ticket_of_its_own_of_the_same_customer(agent: User, make_ticket: Make) -> None:
    ticket = make_ticket("杯子碎了", order_no="A1")
    message = conversation.customer_message(ticket=ticket, body="另外发票抬头写错了", actor=None)
    page = browser(agent)
    assert "拆成新工单" in text(page.get(f"/desk/{ticket.number}/"))
    page.post(f"/desk/{ticket.number}/do/split/", {"message": message.pk})
    made = Ticket.objects.get(links__kind="split")
    assert (made.customer, made.order_no, made.messages.get().body) == (ticket.customer, "A1", "另外发票抬头写错了")
    assert relations.split(ticket=ticket, message=message, actor=agent) == made
    assert [item.word for item in relations.relations_of(made, agent)] == ["拆分自"]
    assert [item.word for item in relations.relations_of(ticket, agent)] == ["拆分出"]
    assert ticket.messages.count() == 2
    with pytest.raises(Conflict):
        relations.unlink(link=TicketLink.objects.get(), actor=agent)


def test_only_what_the_customer_said_is_split_off(agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    note = conversation.add_note(ticket=ticket, actor=agent, body="内部")
    with pytest.raises(Conflict):
        relations.split(ticket=ticket, message=note, actor=agent)


def test_a_ticket_out_of_sight_is_neither_tied_nor_shown(
    agent: User, admin: User, desk: Desk, make_ticket: Make
) -> None:
    mine, theirs = make_ticket("甲"), make_ticket("乙")
    transitions.move(ticket=theirs, actor=None, queue=desk.other_queue)
    page = browser(agent)
    assert "没有这张工单" in text(page.post(f"/desk/{mine.number}/do/link/", {"into": theirs.number}))
    relations.link(ticket=mine, other=theirs, actor=admin)
    assert relations.relations_of(mine, agent) == []
    assert theirs.number not in text(page.get(f"/desk/{mine.number}/"))


def test_a_merge_is_taken_back_on_the_desk(agent: User, make_ticket: Make) -> None:
    source, target = make_ticket("甲"), make_ticket("乙")
    merging.merge(source=source, target=target, actor=agent)
    page = browser(agent)
    assert 'data-act="unmerge"' in text(page.get(f"/desk/{source.number}/"))
    page.post(f"/desk/{source.number}/do/unmerge/")
    source.refresh_from_db()
    assert (source.merged_into, source.is_open) == (None, True)
