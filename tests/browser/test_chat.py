"""A shop's page of another origin embeds the chat; visitor and agent talk without reloading."""

import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from crm.staff.models import User
from tests.browser.conftest import AsgiServer, OpenAs
from tests.scripts_library.factories import make_article
from tests.tickets.conftest import Desk, desk
from tickets.models import Channel, Ticket, TicketMessage
from tickets.services import conversation
from tickets.services.chat import visitors

__all__ = ["desk"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: As strict as a shop's page may be: nothing inline, and only our origin for script and frame.
SHOP = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title></head>
<body><h1>Shop</h1><script src="{kean}/chat/widget.js" data-channel="webchat" async></script></body></html>"""

#: As browsers do that keep nothing for embedded pages.
NO_STORAGE_IN_FRAMES = """if (window !== window.top) Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("denied", "SecurityError"); } });"""


@pytest.fixture
def shop(asgi_server: AsgiServer, desk: Desk) -> Iterator[str]:
    """The origin of a shop's page that embeds the chat, and may."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lang = "en" if "en" in self.path else "zh-CN"
            body = SHOP.format(kean=asgi_server.url, lang=lang).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = f"default-src 'none'; script-src {asgi_server.url}; frame-src {asgi_server.url}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_address[1]}"
    channel = Channel.objects.create(key="webchat", name="官网客服", kind="chat")
    visitors.save_settings(channel=channel, actor=None, values={"origins": [origin]})
    yield origin
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A visitor's browser on the shop's page; at the end nothing broke a content security policy."""
    contexts, faults = [], []

    def open_page(address: str, *, width: int = 1280, height: int = 800) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def opened(page: Page) -> Frame:
    """The conversation, after pressing the button."""
    page.get_by_role("button", name=re.compile("在线客服|Chat|service", re.IGNORECASE)).click()
    page.wait_for_selector("iframe")
    frame = page.frames[-1]
    frame.wait_for_selector("#chat-text")
    return frame


def say(frame: Frame, body: str) -> None:
    frame.locator("#chat-text").fill(body)
    frame.locator(".c-send").click()


@pytest.mark.capability("B06")
def test_a_visitor_of_another_origin_and_an_agent_talk_without_reloading(
    visit: Callable[..., Page], shop: str, open_live: OpenAs, agent: User
) -> None:
    desk_page = open_live(agent, "/desk/")
    page = visit(shop)
    frame = opened(page)
    say(frame, "请问杯子怎么清洗")
    expect(frame.locator(".c-message[data-kind=auto]")).to_contain_text("消息已收到", timeout=5_000)
    row = desk_page.get_by_role("option").filter(has_text="杯子怎么清洗")
    expect(row).to_be_visible(timeout=15_000)
    conversation.reply(ticket=Ticket.objects.get(), actor=agent, body="清水冲洗即可 https://example.com/a")
    answer = frame.locator(".c-message[data-kind=agent]")
    expect(answer).to_contain_text("清水冲洗即可", timeout=15_000)
    expect(answer.get_by_role("link")).to_have_attribute("href", "https://example.com/a")
    assert page.context.cookies() == []
    # What was said, and what is being typed, is there after a reload.
    frame.locator("#chat-text").fill("还没写完的")
    page.reload()
    page.wait_for_selector("iframe")
    again = page.frames[-1]
    expect(again.locator(".c-message[data-kind=agent]")).to_contain_text("清水冲洗即可", timeout=15_000)
    expect(again.locator("#chat-text")).to_have_value("还没写完的")


@pytest.mark.capability("B06")
def test_a_cut_connection_loses_and_doubles_nothing(visit: Callable[..., Page], shop: str, agent: User) -> None:
    page = visit(shop)
    frame = opened(page)
    say(frame, "第一句")
    expect(frame.locator(".c-message[data-kind=auto]")).to_be_visible(timeout=10_000)
    page.context.set_offline(True)
    say(frame, "断线时写的")
    say(frame, "断线时又写的")
    expect(frame.locator("#chat-offline")).to_be_visible(timeout=20_000)
    conversation.reply(ticket=Ticket.objects.get(), actor=agent, body="断线时回复的")
    page.context.set_offline(False)
    expect(frame.locator(".c-message[data-kind=agent]")).to_contain_text("断线时回复的", timeout=45_000)
    expect(frame.locator(".c-delivery").filter(has_text="已送达")).to_have_count(3, timeout=45_000)
    said = TicketMessage.objects.filter(kind="customer").order_by("created_at", "pk")
    assert [message.body for message in said] == ["第一句", "断线时写的", "断线时又写的"]
    expect(frame.locator(".c-message[data-kind=customer]")).to_have_count(3)
    expect(frame.locator(".c-message[data-kind=agent]")).to_have_count(1)


@pytest.mark.capability("B10")
def test_the_bot_answers_with_its_source_and_gives_way(
    visit: Callable[..., Page], shop: str, agent: User, lead: User, supervisor: User
) -> None:
    User.objects.filter(pk=lead.pk).update(availability="offline")
    words = {"title": "退货运费由谁承担", "body": "质量问题由我们承担。", "audience": "public"}
    make_article(author=lead, reviewer=supervisor, key="KB-1", **words)
    visitors.save_settings(channel=Channel.objects.get(key="webchat"), actor=None, values={"is_bot_on": True})
    page = visit(shop, width=320, height=568)
    frame = opened(page)
    say(frame, "退货运费谁承担？")
    answer = frame.locator(".c-message[data-kind=auto]").filter(has_text="质量问题由我们承担")
    expect(answer).to_be_visible(timeout=10_000)
    expect(answer).to_contain_text("机器人")
    expect(answer.get_by_role("link")).to_have_attribute("href", re.compile("/help/articles/"))
    expect(answer.get_by_role("button", name="解决了", exact=True)).to_be_visible()
    wide = frame.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    frame.get_by_role("button", name="转人工", exact=True).click()
    expect(frame.locator("#chat-notice")).to_contain_text(f"{agent.name} 正在接待", timeout=10_000)


@pytest.mark.capability("B06")
def test_in_english_without_storage_of_its_own_the_shops_page_keeps_the_conversation(
    visit: Callable[..., Page], shop: str, agent: User
) -> None:
    page = visit(f"{shop}/en")
    page.context.add_init_script(NO_STORAGE_IN_FRAMES)
    page.goto(f"{shop}/en")
    frame = opened(page)
    say(frame, "When will it ship?")
    expect(frame.locator(".c-delivery")).to_contain_text("Delivered", timeout=10_000)
    conversation.reply(ticket=Ticket.objects.get(), actor=agent, body="Today.")
    expect(frame.locator(".c-message[data-kind=agent]")).to_contain_text("Today.", timeout=15_000)
    frame.locator("#chat-text").fill("half a sen")
    kept = json.loads(page.evaluate("localStorage.getItem('kean-chat:webchat:token')"))
    assert kept["token"]
    # Another page of the shop: the frame asks it for what it kept.
    page.goto(f"{shop}/en/cart")
    page.wait_for_selector("iframe")
    again = page.frames[-1]
    expect(again.locator(".c-message[data-kind=agent]")).to_contain_text("Today.", timeout=15_000)
    expect(again.locator("#chat-text")).to_have_value("half a sen")
    say(again, "Thank you")
    expect(again.locator(".c-message[data-kind=customer]")).to_have_count(2)
    assert Ticket.objects.count() == 1


def test_a_page_that_is_not_listed_shows_nothing(chromium: Browser, shop: str) -> None:
    visitors.save_settings(
        channel=Channel.objects.get(key="webchat"), actor=None, values={"origins": ["https://elsewhere.example"]}
    )
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(shop)
    with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
        page.get_by_role("button", name="在线客服").click()
    context.close()
