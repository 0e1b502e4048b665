"""The side without a login: complaints, progress, signed inbound posts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from core import clock
from crm.staff.models import User
from tests.tickets.conftest import Desk
from tickets.models import Channel, Ticket
from tickets.services import conversation, transitions

pytestmark = pytest.mark.django_db
COMPLAIN, TRACK = "/api/v1/public/complaints/", "/api/v1/public/track/"
GIVEN = {"body": "收到的商品坏了", "phone": "13800138000", "name": "陈女士"}


@pytest.mark.capability("C01", "C22")
def test_a_complaint_gives_a_number_and_its_progress_by_phone_tail(desk: Desk, agent: User) -> None:
    client = APIClient()
    receipt = client.post(COMPLAIN, GIVEN, format="json")
    assert receipt.status_code == 201, receipt.content
    number = receipt.json()["number"]
    assert number in receipt.json()["track_url"]
    progress = client.post(TRACK, {"number": number, "phone_tail": "8000"}, format="json").json()
    assert (progress["number"], progress["stage"]) == (number, "accepted")
    ticket = Ticket.objects.get(number=number)
    assert (ticket.type, ticket.channel.key if ticket.channel.key != "other" else ticket.channel_given) == (
        "complaint",
        "web",
    )
    conversation.reply(ticket=ticket, actor=agent, body="已为您退款。")
    transitions.solve(ticket=ticket, actor=agent)
    assert client.post(TRACK, {"number": number, "phone_tail": "8000"}, format="json").json()["stage"] == "feedback"


@pytest.mark.capability("B01")
@pytest.mark.parametrize("wrong", [{"phone_tail": "8001"}, {"number": "99999999999999"}])
def test_a_wrong_combination_reveals_nothing(desk: Desk, wrong: dict[str, str]) -> None:
    client = APIClient()
    number = client.post(COMPLAIN, GIVEN, format="json").json()["number"]
    answer = client.post(TRACK, {"number": number, "phone_tail": "8000", **wrong}, format="json")
    assert answer.status_code == 404
    assert number not in answer.content.decode()


@pytest.mark.capability("B01")
def test_trying_out_combinations_is_stopped(desk: Desk) -> None:
    client = APIClient(REMOTE_ADDR="203.0.113.9")
    answers = [
        client.post(TRACK, {"number": "26112100000000", "phone_tail": f"{n:04d}"}, format="json").status_code
        for n in range(12)
    ]
    assert answers[:10] == [404] * 10
    assert answers[10:] == [429, 429]


@pytest.mark.capability("C04")
def test_missing_contact_needs_the_word_anonymous_and_then_nobody_is_contacted(desk: Desk) -> None:
    client = APIClient()
    refused = client.post(COMPLAIN, {"body": "你们的商品有问题"}, format="json")
    assert refused.status_code == 400
    assert "phone" in refused.json()["fields"]
    accepted = client.post(
        COMPLAIN, {"body": "你们的商品有问题", "anonymous": True, "phone": "13800138000"}, format="json"
    )
    assert accepted.status_code == 201
    customer = Ticket.objects.get(number=accepted.json()["number"]).customer
    assert (customer.phone, customer.is_anonymous) == ("", True)
    assert customer.do_not_contact_at is not None


def test_the_form_page_keeps_what_was_typed_and_names_the_fault(desk: Desk, client: Client) -> None:
    page = client.get("/complain/")
    form_id = page.context["form"].initial["form_id"]
    sent = {"form_id": form_id, "body": "杯子碎了，要投诉", "phone": "123"}
    bad = client.post("/complain/", sent)
    assert bad.status_code == 400
    assert "杯子碎了，要投诉" in bad.content.decode()
    assert "手机号应为" in bad.content.decode()
    good = client.post("/complain/", {**sent, "phone": "13800138000"})
    twice = client.post("/complain/", {**sent, "phone": "13800138000"})
    assert good.context["ticket"].number == twice.context["ticket"].number
    shown = client.post("/track/", {"number": good.context["ticket"].number, "phone_tail": "8000"})
    assert "已提交" in shown.content.decode()


@pytest.fixture
def secret(desk: Desk, admin: User, api: Callable[..., APIClient]) -> str:
    made = api(admin).post("/api/v1/channels/", {"key": "shop-api", "name": "自营系统", "kind": "api"}, format="json")
    assert made.status_code == 201, made.content
    shown = api(admin).get(f"/api/v1/channels/{made.json()['id']}/").json()
    assert "secret" not in shown
    return str(made.json()["secret"])


def signed(
    secret: str, body: dict[str, Any], *, message_id: str = "msg_1", at: datetime | None = None
) -> dict[str, Any]:
    raw = json.dumps(body)
    moment = at or datetime.now(UTC)
    headers = {
        "HTTP_WEBHOOK_ID": message_id,
        "HTTP_WEBHOOK_TIMESTAMP": str(int(moment.timestamp())),
        "HTTP_WEBHOOK_SIGNATURE": Webhook(secret).sign(message_id, moment, raw),
    }
    return {"data": raw, "content_type": "application/json", **headers}


def test_a_signed_message_becomes_one_ticket_however_often_it_is_delivered(secret: str) -> None:
    client, url = APIClient(), "/api/v1/inbound/shop-api/"
    first = client.post(url, **signed(secret, {"body": "快递丢件"}))
    again = client.post(url, **signed(secret, {"body": "快递丢件"}))
    assert (first.status_code, again.status_code) == (201, 200), first.content
    assert first.json()["id"] == again.json()["id"]
    assert Ticket.objects.count() == 1


def test_a_wrong_or_old_signature_is_refused(secret: str) -> None:
    client, url = APIClient(), "/api/v1/inbound/shop-api/"
    other = "whsec_" + "A" * 43 + "="
    assert client.post(url, **signed(other, {"body": "假的"})).status_code == 401
    old = clock.now() - timedelta(minutes=6)
    assert client.post(url, **signed(secret, {"body": "旧的"}, at=old)).status_code == 401
    assert client.post(url, {"body": "没有签名"}, format="json").status_code == 401
    assert client.post("/api/v1/inbound/nowhere/", **signed(secret, {"body": "x"})).status_code == 401
    assert not Ticket.objects.exists()


def test_a_channels_secret_is_not_readable_in_the_table(secret: str) -> None:
    assert Channel.objects.get(key="shop-api").secret == secret
