"""Webhooks: who may set them up, what they say, and how they are delivered."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from standardwebhooks.webhooks import Webhook as Verifier

from core import clock
from core.events import Event, record_event, run_consumers
from core.outbox import OutboxItem, OutboxState, deliver_due
from crm.integrations import services
from crm.integrations.models import Webhook
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.integrations.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    with Receiver() as running:
        yield running


@pytest.fixture
def webhook(receiver: Receiver, admin: User) -> Webhook:
    created, _secret = services.create_webhook(
        url=receiver.url, events=["ticket.created", "ticket.updated"], actor=admin
    )
    return created


def happen(kind: str = "ticket.created", ticket: int = 7, **payload: Any) -> Event:
    return record_event(kind=kind, subject_type="ticket", subject_id=ticket, actor=None, payload=payload)


def api(user: User) -> Client:
    return Client(headers={"Authorization": f"Token {issue_token(user=user, actor=None)[1]}"})


class TestDelivery:
    def test_an_event_arrives_signed(self, receiver: Receiver, webhook: Webhook) -> None:
        event = happen(number="20260302000001", status="new")
        run_consumers()
        assert deliver_due() == 1
        got = receiver.requests[0]
        said = Verifier(webhook.secret).verify(got.body, got.headers)
        assert said["type"] == "ticket.created"
        assert said["timestamp"] == event.at.isoformat()
        assert said["data"]["id"] == 7
        assert said["data"]["number"] == "20260302000001"
        assert got.headers["content-type"] == "application/json"
        webhook.refresh_from_db()
        assert webhook.last_success_at is not None

    def test_only_events_asked_for_and_after_the_setting_up_arrive(self, receiver: Receiver, admin: User) -> None:
        happen()
        services.create_webhook(url=receiver.url, events=["ticket.updated"], actor=admin)
        happen()
        happen("message.created")
        happen("personal_data.revealed")
        happen("ticket.assigned")
        run_consumers()
        assert deliver_due() == 1
        assert json.loads(receiver.requests[0].body)["data"]["kind"] == "ticket.assigned"

    def test_a_failure_is_tried_again_after_about_five_seconds_under_the_same_id(
        self, receiver: Receiver, webhook: Webhook
    ) -> None:
        happen()
        run_consumers()
        receiver.status = 500
        start = OutboxItem.objects.get().next_at
        assert deliver_due(now=start) == 0
        item = OutboxItem.objects.get()
        assert 5 <= (item.next_at - start).total_seconds() <= 5.6
        receiver.status = 204
        receiver.body = b""
        assert deliver_due(now=item.next_at) == 1
        first, second = receiver.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        Verifier(webhook.secret).verify(second.body, second.headers)

    def test_a_forged_signature_is_noticed(self, receiver: Receiver, webhook: Webhook) -> None:
        happen()
        run_consumers()
        deliver_due()
        got = receiver.requests[0]
        with pytest.raises(Exception, match="signature"):
            Verifier(webhook.secret).verify(got.body.replace(b"7", b"8"), got.headers)

    def test_events_of_a_ticket_keep_their_order_when_the_first_fails(
        self, receiver: Receiver, webhook: Webhook
    ) -> None:
        happen(step=1)
        happen("ticket.updated", step=2)
        happen(ticket=8, step=3)
        run_consumers()
        receiver.status = 500
        start = OutboxItem.objects.latest("id").next_at
        deliver_due(now=start)
        receiver.status = 200
        receiver.requests.clear()
        deliver_due(now=start + timedelta(minutes=1))
        steps = [json.loads(request.body)["data"]["step"] for request in receiver.requests]
        assert [step for step in steps if step != 3] == [1, 2]

    def test_a_receiver_that_fails_for_five_days_is_switched_off(self, receiver: Receiver, webhook: Webhook) -> None:
        start = clock.now()
        with clock.at(start):
            assert not services.note_failure(webhook=webhook)
        with clock.at(start + services.GIVE_UP_AFTER - timedelta(seconds=1)):
            assert not services.note_failure(webhook=webhook)
        with clock.at(start + services.GIVE_UP_AFTER):
            assert services.note_failure(webhook=webhook)
        webhook.refresh_from_db()
        assert webhook.disabled_at is not None
        assert Event.objects.get(kind="webhook.disabled").payload["reason"] == "failing"
        happen()
        run_consumers()
        assert not OutboxItem.objects.exists()

    def test_one_success_in_between_starts_the_five_days_anew(self, receiver: Receiver, webhook: Webhook) -> None:
        start = clock.now()
        with clock.at(start):
            services.note_failure(webhook=webhook)
            services.note_success(webhook=webhook)
        with clock.at(start + services.GIVE_UP_AFTER):
            assert not services.note_failure(webhook=webhook)

    def test_a_receiver_that_is_gone_is_switched_off_at_once(self, receiver: Receiver, webhook: Webhook) -> None:
        happen()
        run_consumers()
        receiver.status = 410
        assert deliver_due() == 0
        webhook.refresh_from_db()
        assert webhook.disabled_at is not None
        assert OutboxItem.objects.get().state == OutboxState.DEAD

    def test_what_waits_for_a_deleted_address_is_not_sent(
        self, receiver: Receiver, webhook: Webhook, admin: User
    ) -> None:
        happen()
        run_consumers()
        services.delete_webhook(webhook=webhook, actor=admin)
        assert deliver_due() == 0
        assert receiver.requests == []

    def test_an_address_that_moved_inside_is_not_called(
        self, receiver: Receiver, webhook: Webhook, settings: Any
    ) -> None:
        happen()
        run_consumers()
        settings.WEBHOOK_ALLOW = []
        assert deliver_due() == 0
        assert receiver.requests == []
        webhook.refresh_from_db()
        assert webhook.failing_since is not None


class TestApi:
    ADDRESS = "/api/v1/webhooks/"

    def post(self, user: User, body: dict[str, Any]) -> Any:
        return api(user).post(self.ADDRESS, body, content_type="application/json")

    def test_the_secret_is_shown_once(self, receiver: Receiver, admin: User) -> None:
        answer = self.post(admin, {"url": receiver.url, "events": ["ticket.created"]})
        assert answer.status_code == 201
        created = answer.json()
        assert created["secret"].startswith("whsec_")
        assert created["events"] == ["ticket.created"]
        client = api(admin)
        shown = client.get(self.ADDRESS).json()["results"]
        assert [row["id"] for row in shown] == [created["id"]]
        assert "secret" not in shown[0]
        assert "secret" not in client.get(f"{self.ADDRESS}{created['id']}/").json()

    def test_the_secret_is_stored_encrypted(self, receiver: Receiver, admin: User) -> None:
        secret = self.post(admin, {"url": receiver.url, "events": ["ticket.created"]}).json()["secret"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT w::text FROM integrations_webhook w")
            assert secret not in cursor.fetchone()[0]
        assert Webhook.objects.get().secret == secret

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"url": "http://169.254.169.254/", "events": ["ticket.created"]}, "url"),
            ({"url": "ftp://8.8.8.8/", "events": ["ticket.created"]}, "url"),
            ({"url": "http://8.8.8.8/", "events": ["ticket.exploded"]}, "events"),
            ({"url": "http://8.8.8.8/", "events": []}, "events"),
            ({"url": "http://8.8.8.8/"}, "events"),
            ({"events": ["ticket.created"]}, "url"),
            ({"url": "http://8.8.8.8/", "events": ["ticket.created"], "secret": "mine"}, "secret"),
        ],
    )
    def test_what_is_wrong_is_refused_by_name(self, admin: User, body: dict[str, Any], field: str) -> None:
        answer = self.post(admin, body)
        assert answer.status_code == 400
        assert [name.partition(".")[0] for name in answer.json()["fields"]] == [field]

    def test_a_deleted_webhook_is_gone(self, webhook: Webhook, admin: User) -> None:
        client = api(admin)
        assert client.delete(f"{self.ADDRESS}{webhook.pk}/").status_code == 204
        assert client.get(f"{self.ADDRESS}{webhook.pk}/").status_code == 404
        assert client.delete(f"{self.ADDRESS}{webhook.pk}/").status_code == 404

    def test_only_those_who_may_see_or_change_them(
        self, webhook: Webhook, agent: User, supervisor: User, auditor: User
    ) -> None:
        for user in (agent, supervisor):
            assert api(user).get(self.ADDRESS).status_code == 403
        assert api(auditor).get(self.ADDRESS).status_code == 200
        assert api(auditor).delete(f"{self.ADDRESS}{webhook.pk}/").status_code == 403
        assert self.post(agent, {"url": "http://8.8.8.8/", "events": ["ticket.created"]}).status_code == 403
        assert Client().get(self.ADDRESS).status_code == 401
