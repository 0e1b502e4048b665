"""When a conversation opens, the agent sees the last interactions, what is open, preferences and what not to say."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotAllowed
from crm.staff.models import User
from crm.workbench.acquaintance import interactions_with, open_tickets_of
from customers.models import CareNote, Customer
from customers.services import add_care_note, create_customer, end_care_note, merge_customers
from customers.services.care import MOST, care_notes_of
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket
from tickets.services import contact, conversation, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A18")]
Make = Callable[..., Ticket]


def test_a_new_customer_shows_nothing_that_was_made_up(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    page = text(browser(agent).get(f"/desk/{ticket.number}/pane/"))
    assert "还没有登记偏好或忌讳" in page
    assert "此前没有往来" in page
    assert "未结工单" not in page


def test_the_last_five_interactions_come_from_everything_in_sight(make_ticket: Make, agent: User, frozen: Any) -> None:
    earlier = make_ticket("杯子碎了")
    for number in range(3):
        frozen.shift(60)
        conversation.customer_message(ticket=earlier, body=f"第 {number} 次催", actor=None)
    frozen.shift(60)
    conversation.reply(ticket=earlier, actor=agent, body="已补发")
    conversation.add_note(ticket=earlier, actor=agent, body="内部的话不算")
    frozen.shift(60)
    contact.record_attempt(ticket=earlier, actor=agent, outcome="unreachable", note="无人接听")
    current = make_ticket("又碎了")
    found = interactions_with(current, agent)
    assert [(str(one.what), one.text) for one in found] == [
        ("未接通", "无人接听"),
        ("我方回复", "已补发"),
        ("客户来信", "第 2 次催"),
        ("客户来信", "第 1 次催"),
        ("客户来信", "第 0 次催"),
    ]
    assert "无人接听" in text(browser(agent).get(f"/desk/{current.number}/side/customer/"))


def test_open_tickets_are_those_in_sight(desk: Desk, make_ticket: Make, agent: User, other_agent: User) -> None:
    first, solved, current = make_ticket("一"), make_ticket("二"), make_ticket("三")
    transitions.solve(ticket=solved, actor=agent)
    hidden = make_ticket("别的组的事")
    Ticket.objects.filter(pk=hidden.pk).update(queue=desk.other_queue, assignee=None, status="new")
    assert open_tickets_of(current, agent) == [first]
    assert interactions_with(hidden, other_agent) == []


def test_notes_say_who_and_when_and_end(make_ticket: Make, agent: User, agent2: User, frozen: Any) -> None:
    ticket = make_ticket()
    note = add_care_note(customer=ticket.customer, actor=agent, kind="avoid", text="不要提上次的退款")
    page = text(browser(agent2).get(f"/desk/{ticket.number}/side/customer/"))
    assert "不要提上次的退款" in page
    assert agent.name in page
    end_care_note(note=note, actor=agent2)
    note.refresh_from_db()
    assert (note.ended_by, care_notes_of(ticket.customer)) == (agent2, [])
    with pytest.raises(Conflict):
        end_care_note(note=note, actor=agent2)


def test_preferences_of_the_record_are_shown(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    Customer.objects.filter(pk=ticket.customer_id).update(preferences={"称呼": "陈老师"})
    assert "陈老师" in text(browser(agent).get(f"/desk/{ticket.number}/side/customer/"))


@pytest.mark.parametrize(
    ("kind", "words", "field"), [("love", "x", "kind"), ("avoid", " ", "text"), ("avoid", "x" * 301, "text")]
)
def test_bad_notes_name_the_field(make_ticket: Make, agent: User, kind: str, words: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_care_note(customer=make_ticket().customer, actor=agent, kind=kind, text=words)
    assert field in refused.value.fields


def test_who_only_looks_notes_nothing_and_sees_no_numbers(make_ticket: Make, agent: User, auditor: User) -> None:
    ticket = make_ticket()
    add_care_note(customer=ticket.customer, actor=agent, kind="preference", text="打 13912345678 这个号")
    with pytest.raises(NotAllowed):
        add_care_note(customer=ticket.customer, actor=auditor, kind="avoid", text="x")
    assert "13912345678" not in text(browser(auditor).get(f"/desk/{ticket.number}/side/customer/"))


def test_there_is_an_end_to_notes(make_ticket: Make, agent: User) -> None:
    customer = make_ticket().customer
    CareNote.objects.bulk_create(CareNote(customer=customer, kind="avoid", text="x") for _ in range(MOST))
    with pytest.raises(Conflict):
        add_care_note(customer=customer, actor=agent, kind="avoid", text="再一条")


def test_notes_follow_a_merge(make_ticket: Make, agent: User, lead: User) -> None:
    target = make_ticket().customer
    source = create_customer(actor=agent, changes={"name": "陈女士（旧）"})
    note = add_care_note(customer=source, actor=agent, kind="preference", text="称呼陈老师")
    merge_customers(source=source, target=target, actor=lead)
    assert [one.pk for one in care_notes_of(target)] == [note.pk]


def test_noting_at_the_desk_and_on_the_customers_page(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    page, place = browser(agent), f"/customers/{ticket.customer_id}/care/"
    assert "早上再打" in text(page.post(place, {"kind": "preference", "text": "早上再打"}))
    assert "请填写内容" in text(page.post(place, {"kind": "preference", "text": ""}))
    assert "早上再打" in text(page.get(f"/customers/{ticket.customer_id}/"))
    assert "登记偏好" in text(page.get(f"/customers/{ticket.customer_id}/"))
    note = CareNote.objects.get()
    assert "早上再打" not in text(page.post(f"{place}{note.pk}/end/"))


def test_over_the_api(make_ticket: Make, agent: User) -> None:
    page, place = browser(agent), f"/api/v1/customers/{make_ticket().customer_id}/care-notes/"
    made = page.post(place, {"kind": "avoid", "text": "不要称呼全名"}, content_type="application/json")
    assert made.status_code == 201, made.content
    listed = page.get(place).json()
    assert [(one["kind"], one["text"], one["author"]) for one in listed["results"]] == [
        ("avoid", "不要称呼全名", agent.username)
    ]
    assert page.delete(f"{place}{made.json()['id']}/").status_code == 204
    assert page.get(place).json()["results"] == []
