"""Hostile HTML mail in a real browser: nothing runs, nothing is fetched, and what is to be read is there."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk
from tests.tickets.mails import PNG, b64, mail, multipart, part
from tests.tickets.xss_probes import probes
from tickets.email import read_mail
from tickets.email.display import show
from tickets.models import Ticket
from tickets.services.email import receive_mail

__all__ = ["desk"]
pytestmark = [pytest.mark.browser, pytest.mark.capability("B03")]
GROUP = 25
PICTURE = part(b64(PNG), "image/png", Content_ID="<p1@x>", Content_Transfer_Encoding="base64")


def letter(source: str, number: int, *more: bytes) -> bytes:
    page = part(source, "text/html; charset=utf-8")
    answers = {"In-Reply-To": "<m0@qq.com>"} if number else {}
    return mail(multipart("related", page, *more), message_id=f"<m{number}@qq.com>", headers=answers)


def test_the_sanitised_page_alone_runs_nothing(chromium: Browser) -> None:
    """Without frame, sandbox or policy: the first of three walls holds by itself."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    ran: list[str] = []

    def refuse(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    for probe in probes():
        page.set_content(show(read_mail(letter(probe, 0)), fold="展开引用").content)
        page.evaluate(
            "document.querySelectorAll('*').forEach(e => ['mouseover','focus','toggle'].forEach("
            "n => e.dispatchEvent(new Event(n))))"
        )
        if page.evaluate("window.pwned"):
            ran.append(probe)
    context.close()
    assert len(probes()) > 200
    assert ran == []


@pytest.mark.django_db(transaction=True)
def test_hostile_mail_on_the_desk(open_live: OpenAs, desk: Desk, agent: User) -> None:
    every = probes()
    groups = [every[start : start + GROUP] for start in range(0, len(every), GROUP)]
    for number, group in enumerate(groups):
        source = "".join(f"<div>{probe}</div>" for probe in group)
        receive_mail(letter(f"<p>第{number}封</p>{source}", number))
    ticket = Ticket.objects.get()
    page = open_live(agent, f"/desk/{ticket.number}/")
    home = urlsplit(page.url).netloc
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: foreign.append(request.url) if urlsplit(request.url).netloc not in (home, "") else None,
    )
    blocked: list[str] = []
    page.on("console", lambda line: blocked.append(line.text) if "Blocked script" in line.text else None)
    for place in range(len(groups)):
        mail_box = page.locator(".d-mail").nth(place)
        mail_box.locator("summary").click()
        frame = mail_box.frame_locator("iframe")
        expect(frame.locator("body")).to_contain_text(f"第{place}封")
    assert page.evaluate("window.pwned") is None
    assert all(not frame.evaluate("window.pwned") for frame in page.frames)
    assert (foreign, blocked) == ([], [])
    assert urlsplit(page.url).path == f"/desk/{ticket.number}/"


@pytest.mark.django_db(transaction=True)
def test_quotation_and_pictures(open_live: OpenAs, desk: Desk, agent: User, live_server: Any) -> None:
    remote = f"{live_server.url}/static/somewhere.png"
    source = f'<p>见图</p><img id=own src="cid:p1@x"><img src="{remote}"><blockquote>上次的话</blockquote>'
    receive_mail(letter(source, 0, PICTURE))
    page = open_live(agent, f"/desk/{Ticket.objects.get().number}/")
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.url.startswith(live_server.url) else None)
    page.get_by_text("查看完整邮件").click()
    frame = page.frame_locator(".d-mail iframe")
    expect(frame.locator("img")).to_have_count(2)
    expect(frame.locator("img").first).to_have_attribute(
        "src", "data:image/png;base64," + b64(PNG).decode().replace("\r\n", "")
    )
    expect(frame.get_by_text("上次的话")).to_be_hidden()
    frame.get_by_text("展开引用").click()
    expect(frame.get_by_text("上次的话")).to_be_visible()
    assert fetched == []
    expect(frame.get_by_text("已拦截 1 张远程图片")).to_be_visible()
    page.get_by_role("link", name="显示远程图片").click()
    expect(frame.locator("img").nth(1)).to_have_attribute("src", remote)
    assert fetched == [remote]
