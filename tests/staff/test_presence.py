"""Who is there and who is not: states, limits, and chats that go back within a minute (B22)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import PeriodicRun
from crm.staff import heartbeat
from crm.staff.models import Presence, User
from crm.staff.services import change_availability, change_staff, force_logout, presence
from crm.staff.timers import return_chats_of_the_gone
from tests.api.conftest import api
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tests.workbench.conftest import browser
from tickets.choices import TicketStatus
from tickets.models import Channel, Ticket
from tickets.services import routing, transitions

__all__ = ["api", "desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B22")]
Make = Callable[..., Ticket]


@pytest.fixture
def chats(desk: Desk) -> None:
    Channel.objects.create(key="chat", name="在线接待", kind="chat")
    Channel.objects.create(key="mail", name="邮件", kind="email")


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def released(ticket: Ticket) -> int:
    return Event.objects.filter(subject_type="ticket", subject_id=ticket.pk, payload__action="release").count()


def look_every_ten_seconds(frozen: Any, seconds: int) -> None:
    """The ticker and a worker at work: a look at each slot."""
    for _ in range(seconds // 10):
        frozen.shift(10)
        PeriodicRun.objects.get_or_create(name=presence.WATCH, slot_at=clock.now())
        return_chats_of_the_gone(clock.now())


def keep_watch(seconds: int = 60) -> None:
    for back in range(10, seconds + 1, 10):
        PeriodicRun.objects.get_or_create(name=presence.WATCH, slot_at=clock.now() - timedelta(seconds=back))


@pytest.mark.parametrize("state", ["busy", "break", "offline"])
def test_nobody_who_is_not_online_is_given_new_tickets(state: str, agent: User, make_ticket: Make) -> None:
    change_availability(user=agent, availability=state, actor=agent)
    assert make_ticket().assignee is None


def test_nobody_is_given_more_than_their_limit(agent: User, make_ticket: Make) -> None:
    User.objects.filter(pk=agent.pk).update(concurrency_limit=2)
    assert [make_ticket().assignee_id for _ in range(3)] == [agent.pk, agent.pk, None]
    assert routing.dispatch_waiting() == 0


def test_a_chat_is_not_handed_to_somebody_offline_or_full(
    agent: User, agent2: User, supervisor: User, chats: None, make_ticket: Make
) -> None:
    chat, mail = make_ticket(channel="chat"), make_ticket(channel="mail")
    other = agent2 if chat.assignee == agent else agent
    change_availability(user=other, availability="offline", actor=other)
    with pytest.raises(Conflict) as refusal:
        transitions.assign(ticket=chat, actor=supervisor, assignee=other)
    assert (refusal.value.code, list(refusal.value.fields)) == ("not_online", ["assignee"])
    transitions.assign(ticket=mail, actor=supervisor, assignee=other)
    change_availability(user=other, availability="online", actor=other)
    User.objects.filter(pk=other.pk).update(concurrency_limit=1)
    with pytest.raises(Conflict) as refusal:
        transitions.assign(ticket=chat, actor=supervisor, assignee=other)
    assert refusal.value.code == "at_limit"


def test_chats_of_who_disappears_are_back_within_sixty_seconds(
    agent: User, chats: None, make_ticket: Make, frozen: Any
) -> None:
    chat, mail = make_ticket(channel="chat"), make_ticket(channel="mail")
    keep_watch()
    heartbeat.beat(agent)
    look_every_ten_seconds(frozen, 40)
    frozen.shift(4)
    presence.send_gone_away()
    assert fresh(chat).assignee == agent, "44 seconds of silence are a bad line"
    frozen.shift(1)
    assert presence.send_gone_away() == 1
    assert (fresh(chat).assignee, fresh(chat).status) == (None, TicketStatus.NEW)
    assert fresh(mail).assignee == agent, "what nobody waits for at the other end stays"
    event = Event.objects.filter(kind="staff.availability_changed").latest("pk")
    assert (event.payload["to"], event.payload["reason"], event.payload["returned"]) == ("offline", "gone", 1)
    assert f"queue:{chat.queue_id}" in event.audience
    agent.refresh_from_db()
    assert (agent.availability, agent.presence.away_reason, agent.presence.returned) == ("offline", "gone", 1)


@pytest.mark.parametrize("phase", range(10))
def test_whatever_the_second_of_the_last_sign_sixty_seconds_are_enough(
    phase: int, agent: User, chats: None, make_ticket: Make, frozen: Any
) -> None:
    """The look comes every ten seconds; the last sign came `phase` seconds after one."""
    chat = make_ticket(channel="chat")
    keep_watch()
    frozen.shift(phase)
    heartbeat.beat(agent)
    silent_since = clock.now()
    frozen.shift(-phase)
    returned_at = None
    for _ in range(7):
        look_every_ten_seconds(frozen, 10)
        if fresh(chat).assignee is None:
            returned_at = clock.now()
            break
    assert returned_at is not None
    waited = (returned_at - silent_since).total_seconds()
    # A second or two for the worker are left before the sixtieth.
    assert 45 <= waited <= 59
    assert waited < presence.RETURNED_WITHIN.total_seconds()


def test_the_numbers_keep_the_promise_of_sixty_seconds() -> None:
    assert presence.GONE_AFTER + presence.LOOK_EVERY < presence.RETURNED_WITHIN
    assert heartbeat.BEAT_EVERY * 2 < presence.GONE_AFTER


def test_who_gives_signs_of_life_keeps_their_chats(agent: User, chats: None, make_ticket: Make, frozen: Any) -> None:
    chat = make_ticket(channel="chat")
    page = browser(agent)
    keep_watch()
    for _ in range(12):
        assert page.post("/team/heartbeat/").json() == {"availability": "online"}
        look_every_ten_seconds(frozen, 20)
    assert fresh(chat).assignee == agent


def test_a_sign_of_life_costs_one_statement_every_twenty_seconds(agent: User, frozen: Any) -> None:
    heartbeat.beat(agent)
    first = Presence.objects.get(user=agent).beat_at
    frozen.shift(19)
    with CaptureQueriesContext(connection) as queries:
        heartbeat.beat(agent, last=first)
    assert len(queries) == 0
    heartbeat.beat(agent)
    assert Presence.objects.get(user=agent).beat_at == first
    frozen.shift(1)
    with CaptureQueriesContext(connection) as queries:
        heartbeat.beat(agent, last=first)
    assert len(queries) == 1
    assert Presence.objects.get(user=agent).beat_at == clock.now()


def test_after_the_whole_system_stood_still_nobody_is_taken_for_gone(
    agent: User, chats: None, make_ticket: Make, frozen: Any
) -> None:
    chat = make_ticket(channel="chat")
    heartbeat.beat(agent)
    frozen.shift(600)  # no ticker, no worker, no page could beat
    look_every_ten_seconds(frozen, 20)
    assert fresh(chat).assignee == agent
    heartbeat.beat(agent)
    look_every_ten_seconds(frozen, 40)
    assert fresh(chat).assignee == agent


def test_losing_redis_returns_nobodys_chats(
    agent: User, chats: None, make_ticket: Make, frozen: Any, settings: Any
) -> None:
    """Signs of life are rows: without the cache they are written and read all the same."""
    chat = make_ticket(channel="chat")
    page = browser(agent)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    keep_watch()
    for _ in range(5):
        assert page.post("/team/heartbeat/").status_code == 200
        look_every_ten_seconds(frozen, 20)
    assert fresh(chat).assignee == agent


def test_who_goes_offline_gives_their_chats_back_at_once(agent: User, chats: None, make_ticket: Make) -> None:
    chat, mail = make_ticket(channel="chat"), make_ticket(channel="mail")
    change_availability(user=agent, availability="break", actor=agent)
    assert fresh(chat).assignee == agent
    change_availability(user=agent, availability="offline", actor=agent)
    assert (fresh(chat).assignee, fresh(mail).assignee) == (None, agent)


def test_who_logs_out_gives_no_more_signs(agent: User, chats: None, make_ticket: Make, frozen: Any) -> None:
    chat = make_ticket(channel="chat")
    page = browser(agent)
    keep_watch()
    page.post("/team/heartbeat/")
    page.post("/accounts/logout/")
    assert page.post("/team/heartbeat/").status_code == 302
    look_every_ten_seconds(frozen, 50)
    assert fresh(chat).assignee is None


def test_a_forced_logout_ends_sessions_and_returns_chats_at_once(
    agent: User, supervisor: User, chats: None, make_ticket: Make
) -> None:
    chat, mail = make_ticket(channel="chat"), make_ticket(channel="mail")
    page = browser(agent)
    assert page.get("/team/").status_code == 200
    answer = browser(supervisor).post(f"/team/{agent.pk}/logout/", {"reason": "离开工位未签退"})
    assert answer.status_code == 302
    assert page.get("/team/").status_code == 302, "the session is over"
    assert (fresh(chat).assignee, fresh(mail).assignee) == (None, agent)
    event = Event.objects.filter(kind="staff.availability_changed").latest("pk")
    assert (event.actor_id, event.payload["reason"], event.payload["words"]) == (
        supervisor.pk,
        "forced",
        "离开工位未签退",
    )
    assert released(chat) == 1


def test_a_forced_logout_needs_a_reason_and_the_right(
    agent: User, agent2: User, supervisor: User, other_agent: User
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        force_logout(user=agent, actor=supervisor, reason="  ")
    assert list(refusal.value.fields) == ["reason"]
    for actor, person in ((agent2, agent), (supervisor, other_agent), (agent, supervisor)):
        with pytest.raises(NotAllowed):
            force_logout(user=person, actor=actor, reason="测试")
    agent.refresh_from_db()
    assert agent.session_epoch == 0


def test_the_api_forces_a_logout_too(agent: User, supervisor: User, chats: None, make_ticket: Make, api: Any) -> None:
    chat = make_ticket(channel="chat")
    answer = api(supervisor).post(f"/api/v1/staff/{agent.pk}/logout/", {"reason": "失联"}, format="json")
    assert (answer.status_code, answer.json()["returned"]) == (200, 1)
    assert fresh(chat).assignee is None


def test_who_comes_back_is_told(agent: User, chats: None, make_ticket: Make, frozen: Any) -> None:
    make_ticket(channel="chat")
    keep_watch()
    heartbeat.beat(agent)
    look_every_ten_seconds(frozen, 50)
    page = browser(agent)
    assert page.post("/team/heartbeat/").json() == {"availability": "offline"}
    answer = page.get("/team/presence/")
    assert "连接中断" in answer.content.decode()
    assert "退回 1 个会话" in answer.content.decode()


def test_who_is_deactivated_keeps_no_chats(agent: User, admin: User, chats: None, make_ticket: Make) -> None:
    chat = make_ticket(channel="chat")
    change_staff(user=agent, actor=admin, is_active=False)
    assert fresh(chat).assignee is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_return_each_chat_once(agent: User, agent2: User, chats: None, make_ticket: Make) -> None:
    tickets = [make_ticket(channel="chat") for _ in range(6)]
    long_ago = clock.now() - timedelta(minutes=2)
    for person in (agent, agent2):
        Presence.objects.update_or_create(user=person, defaults={"beat_at": long_ago})
    start, counts = threading.Barrier(2), []

    def worker() -> None:
        start.wait()
        try:
            counts.append(presence.send_gone_away())
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 2
    assert [released(ticket) for ticket in tickets] == [1] * 6


def test_nothing_is_half_returned_when_the_worker_dies(
    agent: User, chats: None, make_ticket: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = make_ticket(channel="chat")
    Presence.objects.update_or_create(user=agent, defaults={"beat_at": clock.now() - timedelta(minutes=2)})

    def die(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(presence, "record_events", die)
        with pytest.raises(RuntimeError):
            presence.send_gone_away()
    assert fresh(chat).assignee == agent
    assert presence.send_gone_away() == 1
