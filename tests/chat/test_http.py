"""The visitor's side over HTTP: tokens, origins, files, limits, bad input."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from crm.staff.models import User
from tests.world import PNG
from tickets.models import Attachment, Channel, ChatSettings, Ticket
from tickets.services import attachments, conversation
from tickets.services.chat import visitors

pytestmark = pytest.mark.django_db

BASE = "/api/v1/public/chat/webchat"


class Browser:
    """A visitor's browser."""

    def __init__(self, address: str = "198.51.100.7") -> None:
        self.client = APIClient(REMOTE_ADDR=address)
        self.token = self.client.post(f"{BASE}/visitors/", {}, format="json").json().get("token", "")
        self.client.credentials(HTTP_AUTHORIZATION=f"Visitor {self.token}")

    def say(self, body: str, number: int = 1, **values: Any) -> Any:
        said = {"client_id": f"client-{number:04d}", "body": body, **values}
        return self.client.post(f"{BASE}/messages/", said, format="json")

    def upload(self, name: str, content: bytes) -> Any:
        return self.client.post(f"{BASE}/files/", {"file": SimpleUploadedFile(name, content)}, format="multipart")


@pytest.fixture
def browser(channel: Channel) -> Browser:
    return Browser()


def test_what_was_said_comes_back_with_the_acknowledgement(browser: Browser, agent: User) -> None:
    data = browser.say("在吗").json()
    assert [row["kind"] for row in data["messages"]] == ["customer", "auto"]
    assert data["messages"][0]["client_id"] == "client-0001"
    assert data["state"]["served_by"] == "agent"
    assert browser.client.get(f"{BASE}/messages/").json()["messages"] == data["messages"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"client_id": "client-0001", "body": ""}, "body"),
        ({"client_id": "short", "body": "你好"}, "client_id"),
        ({"client_id": "client-0001", "body": "你好", "phone": "12"}, "phone"),
        ({"client_id": "client-0001", "body": "长" * 4001}, "body"),
        ({"client_id": "client-0001", "body": "你好", "waited_ms": -1}, "waited_ms"),
        ({"client_id": "client-0001", "body": "你好", "attachments": ["1"]}, "attachments"),
        ({"client_id": "client-0001", "body": "你好", "assignee": 1}, "assignee"),
    ],
)
def test_bad_input_names_its_field(browser: Browser, body: dict[str, Any], field: str) -> None:
    answer = browser.client.post(f"{BASE}/messages/", body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert Ticket.objects.count() == 0


def test_without_the_token_there_is_nothing(browser: Browser) -> None:
    browser.say("在吗")
    for token in ("", "Visitor wrong", f"Token {browser.token}"):
        stranger = APIClient(HTTP_AUTHORIZATION=token)
        assert stranger.get(f"{BASE}/messages/").status_code == 401


def test_a_token_of_one_channel_opens_no_other(browser: Browser) -> None:
    Channel.objects.create(key="second", name="另一渠道", kind="chat")
    assert browser.client.get("/api/v1/public/chat/second/messages/").status_code == 401


def test_channels_that_are_no_chat_or_switched_off_are_not_found(channel: Channel) -> None:
    for key in ("taobao", "nothing"):
        assert APIClient().post(f"/api/v1/public/chat/{key}/visitors/", {}, format="json").status_code == 404
        assert Client().get(f"/chat/{key}/").status_code == 404
    Channel.objects.filter(pk=channel.pk).update(is_active=False)
    assert Client().get("/chat/webchat/").status_code == 404


def test_only_the_channels_pages_may_frame_it(channel: Channel) -> None:
    assert "frame-ancestors 'none'" in Client().get("/chat/webchat/")["Content-Security-Policy"]
    visitors.save_settings(channel=channel, actor=None, values={"origins": ["https://Shop.example.com/"]})
    answer = Client().get("/chat/webchat/?origin=https://shop.example.com")
    assert "frame-ancestors https://shop.example.com;" in answer["Content-Security-Policy"] + ";"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert not answer.cookies
    assert '"parent": "https://shop.example.com"' in answer.content.decode()
    evil = Client().get("/chat/webchat/?origin=https://evil.example").content.decode()
    assert '"parent": ""' in evil


@pytest.mark.parametrize(
    "origin", ["javascript:alert(1)", "https://a.example/path", "*", "ftp://a", "https://", "'none'"]
)
def test_origins_that_are_none_are_refused(channel: Channel, api: Any, admin: User, origin: str) -> None:
    answer = api(admin).patch(f"/api/v1/channels/{channel.pk}/chat/", {"origins": [origin]}, format="json")
    assert answer.status_code == 400
    assert "origins" in answer.json()["fields"]


def test_an_admin_sets_a_channel_up(channel: Channel, api: Any, admin: User, agent: User) -> None:
    values = {"origins": ["https://shop.example.com"], "is_bot_on": True, "title": "小店客服"}
    answer = api(admin).patch(f"/api/v1/channels/{channel.pk}/chat/", values, format="json")
    assert answer.status_code == 200
    assert ChatSettings.objects.get().is_bot_on
    assert api(agent).patch(f"/api/v1/channels/{channel.pk}/chat/", values, format="json").status_code == 403
    assert api(agent).get(f"/api/v1/channels/{channel.pk}/chat/").json()["title"] == "小店客服"


def test_a_file_travels_with_its_message_and_comes_back_as_a_download(browser: Browser, agent: User) -> None:
    uploaded = browser.upload("杯子.png", PNG).json()
    data = browser.say("看图", attachments=[uploaded["key"]]).json()
    file = data["messages"][0]["files"][0]
    assert file["name"] == "杯子.png"
    answer = Client().get(file["url"])
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert Client().get(file["url"].replace(file["url"][-9:-1], "AAAAAAAA")).status_code == 404


def test_files_follow_the_rules_of_attachments(browser: Browser) -> None:
    for name, content in (("a.exe", b"MZ"), ("a.png", b"MZ not a picture"), ("a.png", b"")):
        answer = browser.upload(name, content)
        assert answer.status_code == 400
        assert "file" in answer.json()["fields"]


def test_nobody_attaches_a_file_of_somebody_else(browser: Browser, channel: Channel) -> None:
    other = Browser("198.51.100.8")
    theirs = other.upload("私.png", PNG).json()["key"]
    anonymous = attachments.store_attachment(upload=SimpleUploadedFile("空.png", PNG), actor=None)
    for key in (theirs, str(anonymous.pk)):
        assert browser.say("看图", attachments=[key]).status_code == 400
    assert Attachment.objects.filter(message=None).count() == 2


def test_the_public_is_limited_by_visitor_not_by_office(browser: Browser, channel: Channel) -> None:
    statuses = [browser.say("刷屏", number).status_code for number in range(35)]
    assert statuses[:30] == [200] * 30
    assert set(statuses[30:]) == {429}
    assert Browser().say("同一个办公室").status_code == 200


def test_the_agents_answer_is_in_the_transcript(browser: Browser, agent: User) -> None:
    browser.say("在吗")
    conversation.reply(ticket=Ticket.objects.get(), actor=agent, body="在的，您请讲")
    last = browser.client.get(f"{BASE}/messages/").json()["messages"][-1]
    assert (last["kind"], last["name"], last["body"]) == ("agent", agent.name, "在的，您请讲")


def test_the_widget_is_one_script_without_cookies_or_inline_style(channel: Channel) -> None:
    answer = Client().get("/chat/widget.js")
    script = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert not answer.cookies
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert 'setAttribute("style"' not in script
    assert "innerHTML" not in script


def test_both_languages(channel: Channel) -> None:
    assert "输入消息" in Client().get("/chat/webchat/?lang=zh").content.decode()
    assert 'lang="en"' in Client().get("/chat/webchat/?lang=en").content.decode()
