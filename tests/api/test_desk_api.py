"""What the desk can do, another system can: replies that wait, putting away, watching, notices, ties."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from core import clock
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import Desk, desk, frozen, make_ticket
from tickets.models import Draft, Notice, Ticket, TicketLink, WaitingReply
from tickets.services import conversation

__all__ = ["desk", "frozen", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]
Make = Callable[..., Ticket]
BASE = "/api/v1/waiting-replies/"


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def said(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json() if answer.content else None


@pytest.fixture
def ticket(make_ticket: Make) -> Ticket:
    return make_ticket("请问什么时候发货")


def test_a_reply_waits_ten_seconds_and_is_taken_back_or_goes_out(ticket: Ticket, agent: User, frozen: Any) -> None:
    client = client_of(agent)
    one = said(client.post(BASE, {"ticket": ticket.number, "body": "后天发货"}, format="json"), 201)
    assert (one["state"], one["is_chosen"], one["author"]["id"]) == ("waiting", False, agent.pk)
    back = said(client.post(f"{BASE}{one['id']}/take-back/"))
    assert back["state"] == "cancelled"
    assert Draft.objects.get().body == "后天发货"
    assert said(client.post(f"{BASE}{one['id']}/send/"), 409)["code"] == "not_waiting"
    other = said(client.post(BASE, {"ticket": str(ticket.pk), "body": "明天发货"}, format="json"), 201)
    frozen.shift(timedelta(seconds=11))
    fire_due(now=clock.now())
    gone = said(client.get(f"{BASE}{other['id']}/"))
    assert gone["state"] == "sent"
    assert ticket.messages.get(pk=gone["message"]).body == "明天发货"
    assert said(client.get(BASE))["results"] == []


def test_a_planned_reply_is_changed_by_its_writer_and_sent_at_once(ticket: Ticket, agent: User, agent2: User) -> None:
    client, tomorrow = client_of(agent), clock.now() + timedelta(days=1)
    planned = {"ticket": ticket.number, "body": "早上好", "send_at": tomorrow.isoformat(), "solves": True}
    one = said(client.post(BASE, planned, format="json"), 201)
    path = f"{BASE}{one['id']}/"
    wrong = said(client.patch(path, {"send_at": "2020-01-01T00:00:00+08:00"}, format="json"), 400)
    assert "send_at" in wrong["fields"]
    assert said(client.patch(path, {}, format="json"), 400)["fields"]
    assert said(client.patch(path, {"body": "早上好，今天发货"}, format="json"))["body"] == "早上好，今天发货"
    assert said(client_of(agent2).post(f"{path}send/"), 403)
    assert said(client.post(f"{path}send/"))["state"] == "sent"
    assert Ticket.objects.get(pk=ticket.pk).status == "solved"


def test_what_cannot_wait_is_refused_by_name(ticket: Ticket, agent: User, auditor: User) -> None:
    client = client_of(agent)
    newest = conversation.customer_message(ticket=ticket, body="先别发", actor=None)
    for body, field in (
        ({"ticket": "99", "body": "好"}, "ticket"),
        ({"ticket": ticket.number, "body": "好", "script": 7}, "script"),
        ({"ticket": ticket.number, "body": "好", "attachments": [7]}, "attachments"),
        ({"ticket": ticket.number, "body": " "}, "body"),
        ({"ticket": ticket.number, "body": "{{amount}} 元"}, "body"),
    ):
        assert field in said(client.post(BASE, body, format="json"), 400)["fields"], body
    late = {"ticket": ticket.number, "body": "今天发", "seen": newest.pk - 1}
    assert said(client.post(BASE, late, format="json"), 409)["code"] == "newer_message"
    assert not WaitingReply.objects.exists()
    said(client.post(BASE, {**late, "seen": newest.pk}, format="json"), 201)
    assert said(client_of(auditor).get(BASE))["results"][0]["body"] is None


def test_a_ticket_is_put_away_watched_and_its_notices_are_read(
    ticket: Ticket, agent: User, agent2: User, desk: Desk
) -> None:
    client, watcher = client_of(agent), client_of(agent2)
    path = f"/api/v1/tickets/{ticket.number}/"
    until = (clock.now() + timedelta(hours=2)).isoformat()
    assert said(client.post(f"{path}snooze/", {"until": until}, format="json"))["snoozed_until"] is not None
    assert (
        "until" in said(client.post(f"{path}snooze/", {"until": "2099-01-01T00:00:00Z"}, format="json"), 400)["fields"]
    )
    assert said(client.post(f"{path}wake/"))["snoozed_at"] is None
    assert said(watcher.post(f"{path}watchers/"))["results"][0]["user"]["id"] == agent2.pk
    conversation.customer_message(ticket=ticket, body="怎么还没消息", actor=None)
    [notice] = said(watcher.get("/api/v1/notices/?unread=true"))["results"]
    assert (notice["kind"], notice["ticket_number"]) == ("watched_message", ticket.number)
    foreign = Notice.objects.create(user=agent, kind="mentioned", ticket=ticket)
    left = said(watcher.post("/api/v1/notices/read/", {"ids": [notice["id"], foreign.pk]}, format="json"))
    assert left == {"marked": 1, "unread": 0}
    assert said(watcher.get("/api/v1/notices/?unread=true"))["results"] == []
    said(watcher.delete(f"{path}watchers/"), 204)
    assert said(client.get(f"{path}watchers/"))["results"] == []


def test_tickets_are_tied_split_and_untied(make_ticket: Make, agent: User) -> None:
    client, parent, child = client_of(agent), make_ticket("停电"), make_ticket("我家没电")
    path = f"/api/v1/tickets/{child.number}/relations/"
    [tie] = said(client.post(path, {"other": parent.number, "kind": "parent"}, format="json"), 201)["results"]
    assert (tie["kind"], tie["is_child"], tie["ticket"]["number"]) == ("parent", False, parent.number)
    assert said(client.post(path, {"other": parent.number, "kind": "parent"}, format="json"), 409)["code"]
    assert "other" in said(client.post(path, {"other": child.number}, format="json"), 400)["fields"]
    assert said(client.post(f"/api/v1/tickets/{parent.pk}/solve-children/")) == {"solved": 1}
    said(client.delete(f"{path}{tie['id']}/"), 204)
    said(client.delete(f"{path}{tie['id']}/"), 404)
    message = conversation.customer_message(ticket=parent, body="另外发票抬头错了", actor=None)
    made = said(client.post(f"/api/v1/tickets/{parent.pk}/split/", {"message": message.pk}, format="json"), 201)
    again = said(client.post(f"/api/v1/tickets/{parent.pk}/split/", {"message": message.pk}, format="json"), 201)
    assert made["id"] == again["id"] != parent.pk
    assert TicketLink.objects.get().kind == "split"
    stays = said(client.delete(f"/api/v1/tickets/{made['id']}/relations/{TicketLink.objects.get().pk}/"), 409)
    assert stays["code"] == "split_stays"
