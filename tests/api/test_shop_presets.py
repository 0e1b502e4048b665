"""Shop platforms: a preset names the fields of the merchant's connection and brings the platform's norms."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from core import clock
from crm.staff.models import User
from customers.models import Shop
from tests.tickets.conftest import Desk
from tickets import configuration
from tickets.channels.presets import MESSAGE_FIELDS, PRESETS
from tickets.models import Channel, PlatformNorm, Ticket, TicketMessage

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B03")]
Api = Callable[[User | None], APIClient]


def make_channel(admin_api: APIClient, platform: str, **values: Any) -> dict[str, Any]:
    given = {"key": f"{platform}-main", "name": "主店", "preset": platform, **values}
    answer = admin_api.post("/api/v1/channels/", given, format="json")
    assert answer.status_code == 201, answer.content
    # What a commit does; a test ends without one.
    configuration.forget()
    return answer.json()


def send(channel: dict[str, Any], body: dict[str, Any], number: str = "m1") -> Any:
    text, moment = json.dumps(body, ensure_ascii=False), clock.now()
    return APIClient().post(
        f"/api/v1/inbound/{channel['key']}/",
        text.encode(),
        content_type="application/json",
        headers={
            "webhook-id": number,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(channel["secret"]).sign(number, moment, text),
        },
    )


@pytest.fixture
def admin_api(api: Api, admin: User, desk: Desk) -> APIClient:
    return api(admin)


@pytest.mark.parametrize("platform", sorted(PRESETS))
def test_every_preset_takes_a_message_in_the_platforms_words(platform: str, admin_api: APIClient) -> None:
    shop = Shop.objects.create(key="s1", name="旗舰店", platform=platform)
    channel = make_channel(admin_api, platform, shop=shop.key)
    names = {ours: theirs for theirs, ours in PRESETS[platform].names.items()}
    body = {
        names["external_id"]: "msg-1",
        names["body"]: "什么时候发货",
        names["order_no"]: "20261122001",
        names["product"]: "SKU-1",
        names["customer.account"]: "buyer-1",
        names["customer.name"]: "买家甲",
    }
    answer = send(channel, body)
    assert answer.status_code == 201, answer.content
    ticket = Ticket.objects.get()
    assert (ticket.external_id, ticket.order_no, ticket.product, ticket.shop) == ("msg-1", "20261122001", "SKU-1", shop)
    identity = ticket.customer.identities.get()
    assert (identity.platform, identity.external_id) == (PRESETS[platform].account_platform, "buyer-1")
    assert (channel["kind"], channel["preset"]) == ("shop", platform)


def test_messages_of_one_buyer_are_one_conversation_and_a_repetition_is_none(admin_api: APIClient) -> None:
    channel = make_channel(admin_api, "douyin")
    first = send(channel, {"content": "在吗", "buyer_id": "b1", "message_id": "1"}, "w1")
    second = send(channel, {"content": "快递没到", "buyer_id": "b1", "message_id": "2"}, "w2")
    again = send(channel, {"content": "快递没到", "buyer_id": "b1", "message_id": "2"}, "w3")
    other = send(channel, {"content": "在吗", "buyer_id": "b2", "message_id": "3"}, "w4")
    assert [answer.status_code for answer in (first, second, again, other)] == [201, 200, 200, 201]
    assert first.json()["id"] == second.json()["id"] == again.json()["id"]
    assert (Ticket.objects.count(), TicketMessage.objects.count()) == (2, 3)


def test_our_own_names_are_taken_too_but_nothing_twice(admin_api: APIClient) -> None:
    channel = make_channel(admin_api, "taobao")
    own = {"body": "在吗", "customer": {"name": "陈女士"}, "buyer_open_uid": "u1"}
    assert send(channel, own, "w1").status_code == 201
    twice = send(channel, {"body": "在吗", "content": "在吗"}, "w2")
    assert (twice.status_code, list(twice.json()["fields"])) == (400, ["content"])
    unknown = send(channel, {"body": "在吗", "order_sn": "1"}, "w3")
    assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["order_sn"])
    assert send(channel, {"body": "在吗", "customer": "陈", "buyer_id": "u1"}, "w4").status_code == 400


def test_a_channel_without_a_preset_knows_our_names_alone(admin_api: APIClient) -> None:
    channel = make_channel(admin_api, "", key="plain", kind="shop")
    assert send(channel, {"content": "在吗"}).status_code == 400
    assert send(channel, {"body": "在吗"}).status_code == 201


def test_a_preset_brings_the_platforms_norms_once_and_leaves_changed_ones(admin_api: APIClient) -> None:
    channel = make_channel(admin_api, "douyin")
    norm = PlatformNorm.objects.get(platform="douyin")
    assert (norm.code, norm.seconds, norm.opens_minute, str(norm.target)) == ("K-20", 180, 540, "0.500")
    PlatformNorm.objects.update(seconds=60)
    assert admin_api.patch(f"/api/v1/channels/{channel['id']}/", {"name": "新名"}, format="json").status_code == 200
    assert PlatformNorm.objects.get().seconds == 60
    make_channel(admin_api, "taobao")
    assert not PlatformNorm.objects.get(platform="taobao").is_active


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"preset": "amazon"}, "preset"),
        ({"preset": "jd", "kind": "email"}, "preset"),
        ({"kind": "wechat", "settings": {"app_id": "x"}}, "settings"),
        ({"kind": "shop", "settings": {"token": "x"}}, "settings"),
        ({"kind": "wechat", "settings": "x"}, "settings"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(admin_api: APIClient, given: dict[str, Any], field: str) -> None:
    answer = admin_api.post("/api/v1/channels/", {"key": "x", "name": "x", **given}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_secrets_of_a_channel_are_written_and_never_read(admin_api: APIClient) -> None:
    given = {"app_id": "wx0123456789abcdef", "app_secret": "a" * 32, "token": "tok123"}
    answer = admin_api.post(
        "/api/v1/channels/", {"key": "mp", "name": "公众号", "kind": "wechat", "settings": given}, format="json"
    ).json()
    shown = {"app_id": "wx0123456789abcdef", "app_secret": True, "token": True, "encoding_aes_key": False}
    assert answer["settings"] == shown
    assert "tok123" not in json.dumps(admin_api.get("/api/v1/channels/").json())


def test_message_names_are_alike_for_all() -> None:
    assert all(set(MESSAGE_FIELDS) <= set(preset.names) for preset in PRESETS.values())
    assert all(preset.fields for preset in PRESETS.values())
    assert Channel._meta.get_field("preset").max_length >= max(map(len, PRESETS))
