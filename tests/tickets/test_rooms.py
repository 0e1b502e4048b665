"""C27: a room for a complaint: members of several departments, decisions that stay, guests who see little."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RateLimited
from core.events import Event
from crm.staff.models import User
from tickets.models import Room, RoomEntry, RoomGuest, Ticket
from tickets.rooms import guests, rooms

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C27")]

HOME = "203.0.113.77"


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("杯盖漏水", type="complaint", category="商品质量问题")


@pytest.fixture
def room(complaint: Ticket, agent: User, other_agent: User) -> Room:
    """Opened by the agent of the complaint; the agent of another team is a member."""
    return rooms.open_room(
        ticket=complaint, actor=agent, summary="整批漏水，客户陈女士 13800138000", members=[other_agent.pk]
    )


def token_of(invited: guests.Invited) -> str:
    return invited.url.rstrip("/").rpartition("/")[2]


def test_a_member_without_sight_of_the_complaint_sees_the_room_and_not_the_complaint(
    room: Room, complaint: Ticket, other_agent: User
) -> None:
    assert not Ticket.objects.visible_to(other_agent).filter(pk=complaint.pk).exists()
    assert Room.objects.all().visible_to(other_agent).get() == room
    assert rooms.may_write(room, other_agent)
    assert not rooms.may_steer(room, other_agent)
    with pytest.raises(NotAllowed):
        rooms.add_members(room=room, actor=other_agent, members=[other_agent.pk])


def test_the_summary_and_what_is_written_hold_no_personal_data(room: Room, agent: User) -> None:
    entry = rooms.write(room=room, actor=agent, text="请联系 13800138000")
    for text in (room.summary, entry.text):
        assert "13800138000" not in text
    assert "陈女士" not in room.summary


def test_who_was_taken_out_does_not_see_it_any_more_and_may_come_back(
    room: Room, agent: User, other_agent: User
) -> None:
    rooms.remove_member(room=room, actor=agent, member=other_agent.pk)
    assert not Room.objects.all().visible_to(other_agent).exists()
    with pytest.raises(NotAllowed):
        rooms.write(room=room, actor=other_agent, text="还在吗")
    with pytest.raises(NotFound):
        rooms.remove_member(room=room, actor=agent, member=other_agent.pk)
    rooms.add_members(room=room, actor=agent, members=[other_agent.pk])
    assert Room.objects.all().visible_to(other_agent).exists()


def test_a_decision_says_who_what_and_when(room: Room, other_agent: User, frozen: Any) -> None:
    entry = rooms.write(room=room, actor=other_agent, text="今日补发", kind="decision")
    assert (entry.author, entry.text, entry.created_at) == (other_agent, "今日补发", clock.now())
    with pytest.raises(InvalidInput) as refused:
        rooms.write(room=room, actor=other_agent, text="x", kind="answer")
    assert "kind" in refused.value.fields


def test_closing_keeps_the_last_decision_and_ends_the_links(room: Room, agent: User) -> None:
    invited = guests.invite(room=room, actor=agent, name="顺丰")
    rooms.close(room=room, actor=agent, decision="承运方赔付")
    assert list(RoomEntry.objects.values_list("kind", flat=True)) == ["decision"]
    with pytest.raises(Conflict):
        rooms.write(room=room, actor=agent, text="再说一句")
    with pytest.raises(NotFound):
        guests.enter(token=token_of(invited), address=HOME)
    rooms.reopen(room=room, actor=agent)
    assert guests.enter(token=token_of(invited), address=HOME) == invited.guest


def test_one_room_a_complaint_and_only_for_complaints(
    room: Room, make_ticket: Callable[..., Ticket], complaint: Ticket, agent: User
) -> None:
    with pytest.raises(Conflict) as known:
        rooms.open_room(ticket=complaint, actor=agent)
    assert known.value.extra["room"] == room.pk
    with pytest.raises(Conflict):
        rooms.open_room(ticket=make_ticket("怎么用"), actor=agent)
    with pytest.raises(InvalidInput) as late:
        rooms.set_due(room=room, actor=agent, due_at=clock.now())
    assert "due_at" in late.value.fields


def test_members_hear_that_there_is_something_new_and_nothing_else(room: Room, other_agent: User) -> None:
    event = Event.objects.filter(kind=rooms.CHANGED).latest("id")
    assert event.payload == {"room": room.pk}
    assert f"user:{other_agent.pk}" in event.audience


# Guests


def test_a_guest_sees_what_is_marked_and_their_own_words_alone(room: Room, agent: User) -> None:
    carrier = guests.invite(room=room, actor=agent, name="顺丰", may_answer=True).guest
    maker = guests.invite(room=room, actor=agent, name="工厂", kind="supplier", may_answer=True).guest
    rooms.write(room=room, actor=agent, text="内部讨论")
    rooms.write(room=room, actor=agent, text="请提供签收底单", is_for_guests=True)
    guests.answer(guest=maker, text="批次 7 已停产", address=HOME)
    guests.answer(guest=carrier, text="底单已寄", address=HOME)
    assert [entry.text for entry in guests.shown_to(carrier)] == ["请提供签收底单", "底单已寄"]


def test_who_is_invited_is_known_to_those_who_see_the_complaint_alone(
    room: Room, agent: User, other_agent: User, auditor: User
) -> None:
    invited = guests.invite(room=room, actor=agent, name="顺丰").guest
    assert [list(guests.guests_of(room, user)) for user in (agent, auditor)] == [[invited], [invited]]
    assert not guests.guests_of(room, other_agent).exists()


def test_the_link_ends_at_its_moment(room: Room, agent: User, frozen: Any) -> None:
    invited = guests.invite(room=room, actor=agent, name="顺丰", days=3)
    assert invited.guest.expires_at == datetime(2026, 11, 19, 1, tzinfo=UTC)
    frozen.shift(timedelta(days=3) - timedelta(seconds=1))
    assert guests.enter(token=token_of(invited), address=HOME) == invited.guest
    frozen.shift(1)
    with pytest.raises(NotFound):
        guests.enter(token=token_of(invited), address=HOME)
    kinds = list(invited.guest.visits.order_by("id").values_list("kind", "network"))
    assert kinds == [("seen", "203.0.113.0/24"), ("refused", "203.0.113.0/24")]


def test_a_revoked_a_forged_and_a_made_up_link_are_answered_alike(room: Room, agent: User) -> None:
    invited = guests.invite(room=room, actor=agent, name="顺丰")
    token = token_of(invited)
    assert token not in str(RoomGuest.objects.values().get(pk=invited.guest.pk))
    guests.revoke(guest=invited.guest, actor=agent)
    sentences = set()
    for wrong in (token, token[:-1] + ("a" if token[-1] != "a" else "b"), "x", "", "y" * 300, "\ud800"):
        with pytest.raises(NotFound) as refused:
            guests.enter(token=wrong, address=HOME)
        sentences.add(refused.value.message)
    assert len(sentences) == 1


def test_a_link_that_is_hammered_is_held_up(room: Room, agent: User) -> None:
    token = token_of(guests.invite(room=room, actor=agent, name="顺丰"))
    for _time in range(guests.PER_GUEST.calls):
        guests.enter(token=token, address=HOME)
    with pytest.raises(RateLimited):
        guests.enter(token=token, address=HOME)


def test_a_guest_answers_only_where_the_link_allows_it(room: Room, agent: User, other_agent: User) -> None:
    reader = guests.invite(room=room, actor=agent, name="顺丰").guest
    with pytest.raises(Conflict) as refused:
        guests.answer(guest=reader, text="已赔", address=HOME)
    assert refused.value.code == "read_only"
    for days in (0, 91):
        with pytest.raises(InvalidInput):
            guests.invite(room=room, actor=agent, name="顺丰", days=days)
    with pytest.raises(NotAllowed):
        guests.invite(room=room, actor=other_agent, name="顺丰")
