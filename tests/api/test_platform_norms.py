"""Norms of platforms over the API and in the admin; channels in the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.events import Event, run_consumers
from crm.staff.models import User
from customers.models import Shop
from tests.tickets.conftest import Desk
from tickets import configuration
from tickets.models import Channel, PlatformNorm, Ticket
from tickets.services import conversation
from tickets.services.wechat.account import account_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B06")]
Api = Callable[[User | None], APIClient]
URL = "/api/v1/platform-norms/"
GIVEN = {"platform": "taobao", "name": "一分钟回复率", "seconds": 60, "opens": "08:00", "closes": "24:00"}


def test_a_supervisor_makes_and_changes_norms(api: Api, supervisor: User) -> None:
    client = api(supervisor)
    made = client.post(URL, {**GIVEN, "target": "0.8"}, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["opens"], made.json()["closes"], made.json()["target"]) == ("08:00", "24:00", "0.800")
    changed = client.patch(f"{URL}{made.json()['id']}/", {"closes": "23:00", "target": None}, format="json")
    assert (changed.json()["closes"], changed.json()["target"]) == ("23:00", None)
    assert Event.objects.filter(kind="platform_norm.saved", actor=supervisor).count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"opens": "23:00", "closes": "08:00"}, "closes"),
        ({"opens": "9点"}, "opens"),
        ({"target": "1.2"}, "target"),
        ({"seconds": 0}, "seconds"),
        ({"platform": "ebay"}, "platform"),
        ({"unit": "hour"}, "unit"),
        ({"window_days": 0}, "window_days"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_a_norm_is_refused_by_name(
    api: Api, supervisor: User, given: dict[str, Any], field: str
) -> None:
    answer = api(supervisor).post(URL, {**GIVEN, **given}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_the_same_name_twice_on_a_platform_is_a_conflict(api: Api, supervisor: User) -> None:
    client = api(supervisor)
    client.post(URL, GIVEN, format="json")
    answer = client.post(URL, GIVEN, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (409, ["name"])


@pytest.mark.capability("A23")
def test_everybody_reads_where_the_shops_stand(
    api: Api, frozen: Any, desk: Desk, agent: User, make_ticket: Callable[..., Ticket]
) -> None:
    shop = Shop.objects.create(key="tb", name="淘宝店", platform="taobao")
    Channel.objects.filter(pk=desk.channel.pk).update(shop=shop)
    PlatformNorm.objects.create(platform="taobao", name="3分钟人工回复率", target="0.6")
    configuration.forget()
    conversation.reply(ticket=make_ticket(customer=None), actor=agent, body="您好")
    make_ticket(customer=None)
    run_consumers()
    (found,) = api(agent).get(f"{URL}standing/").json()["results"]
    assert (found["shop"], found["platform"], found["target"]) == ("tb", "taobao", "0.600")
    assert found["window"] == {
        "met": 1,
        "counted": 1,
        "waiting": 1,
        "rate": 1.0,
        "if_missed": 0.5,
        "misses_left": 0,
        "tone": "warn",
    }
    assert found["mine"]["met"] == 1


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


def test_the_admin_makes_a_norm_and_refuses_a_wrong_one(admin: User) -> None:
    client, address = browser(admin), "/admin/tickets/platformnorm/add/"
    given = {
        "platform": "jd",
        "name": "快",
        "unit": "turn",
        "seconds": "30",
        "opens_minute": "480",
        "closes_minute": "1380",
        "window_days": "7",
        "confidence": "house",
        "is_active": "on",
    }
    assert client.get(address).status_code == 200
    assert client.post(address, {**given, "closes_minute": "400"}).status_code == 200
    assert not PlatformNorm.objects.exists()
    assert client.post(address, given).status_code == 302
    assert client.get("/admin/tickets/platformnorm/").status_code == 200
    assert PlatformNorm.objects.get().name == "快"


@pytest.mark.capability("B03")
def test_the_admin_connects_an_official_account_and_shows_no_secret(admin: User, desk: Desk) -> None:
    client, address = browser(admin), "/admin/tickets/channel/add/"
    given = {
        "name": "公众号",
        "key": "mp",
        "kind": "wechat",
        "app_id": "wx0123456789abcdef",
        "app_secret": "a" * 32,
        "token": "tok123",
        "is_active": "on",
    }
    assert client.post(address, {**given, "app_id": "gh_1"}).status_code == 200
    assert not Channel.objects.filter(key="mp").exists()
    assert client.post(address, given).status_code == 302
    channel = Channel.objects.get(key="mp")
    page = f"/admin/tickets/channel/{channel.pk}/change/"
    shown = client.get(page).content.decode()
    assert "wx0123456789abcdef" in shown
    assert "tok123" not in shown
    assert client.post(page, {**given, "name": "新名", "app_secret": "", "token": ""}).status_code == 302
    found = account_of(Channel.objects.get(key="mp"))
    assert found is not None
    assert (found.token, found.app_secret) == ("tok123", "a" * 32)


@pytest.mark.capability("B03")
def test_the_admin_chooses_a_preset_for_a_shop_and_for_nothing_else(admin: User, desk: Desk) -> None:
    client, address = browser(admin), "/admin/tickets/channel/add/"
    given = {"name": "抖音", "key": "dy", "kind": "shop", "preset": "douyin", "is_active": "on"}
    assert client.post(address, {**given, "kind": "email"}).status_code == 200
    assert client.post(address, given).status_code == 302
    assert PlatformNorm.objects.filter(platform="douyin").exists()
    assert client.get("/admin/tickets/channel/").status_code == 200
