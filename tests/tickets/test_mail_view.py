"""A mail as it looked: safe, folded, with its own pictures, and nothing fetched unasked."""

import re
from typing import Any

import pytest

from crm.staff.models import User
from tests.tickets.mails import PNG, b64, mail, multipart, part
from tests.tickets.xss_probes import probes
from tests.workbench.conftest import browser, text
from tickets.email import read_mail
from tickets.email.display import MAX_DEPTH, show
from tickets.models import Ticket
from tickets.services.email import receive_mail

pytestmark = pytest.mark.capability("B03")


def html_mail(source: str, *more: bytes, **given: Any) -> bytes:
    page = part(source, "text/html; charset=utf-8")
    return mail(multipart("related", page, *more) if more else page, **given)


def shown(source: str, *more: bytes, remote: bool = False) -> str:
    return show(read_mail(html_mail(source, *more)), fold="展开引用", remote=remote).content


@pytest.mark.parametrize("probe", probes())
def test_nothing_that_acts_is_left(probe: str) -> None:
    left = shown(f"<p>前</p>{probe}<p>后</p>", remote=True)
    tags = re.findall(r"<[a-z/!?][^>]*>", left, re.IGNORECASE)
    for tag in tags:
        assert not re.match(
            r"<(script|style|svg|math|iframe|object|embed|form|input|button|meta|base|link|template|video|textarea)",
            tag,
            re.IGNORECASE,
        )
        assert not re.search(r"\son\w+\s*=", re.sub(r'"[^"]*"', '""', tag))
        assert not re.search(r'="\s*(javascript|vbscript|data:(?!image/(png|jpe?g|gif|webp|bmp);))', tag, re.IGNORECASE)
        assert "url(" not in tag
        assert "position" not in tag


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<p style="color:red;position:fixed">红</p>', '<p style="color:red">红</p>'),
        ('<a href="https://x.cn/">x</a>', 'href="https://x.cn/" target="_blank" rel="noopener noreferrer nofollow"'),
        ("<table><tr><td bgcolor=#eee>表</td></tr></table>", '<td bgcolor="#eee">表</td>'),
        ("-- <br>王先生<br>电话 010-12345678", "王先生"),
        ("&lt;script&gt;字面&lt;/script&gt;", "&lt;script&gt;字面&lt;/script&gt;"),
    ],
)
def test_what_is_only_to_be_read_stays(source: str, expected: str) -> None:
    assert expected in shown(source)


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("新<blockquote>旧<blockquote>更旧</blockquote></blockquote>后", "旧<blockquote>更旧</blockquote>"),
        (
            "<div>新</div><div><div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>旧</div></div>",
            "旧",
        ),
        ("<p>新</p><p>-----Original Message-----</p><p>旧</p>", "旧"),
    ],
)
def test_quoted_history_is_folded_once(source: str, folded: str) -> None:
    left = shown(source)
    before, rest = left.split("<details><summary>展开引用</summary>")
    inside, after = rest.split("</details>")
    assert "新" in before
    assert folded in inside
    assert "旧" not in before + after
    assert left.count("<div>") == left.count("</div>")


def test_plain_mail_is_shown_as_text_with_its_quotation_folded() -> None:
    raw = mail("收到 <b>\n\n> 您好\n> 请问", subject="Re: x", headers={"In-Reply-To": "<a@b>"})
    left = show(read_mail(raw), fold="展开引用").content
    assert left.startswith('<pre class="text">收到 &lt;b&gt;</pre><details><summary>展开引用</summary>')
    assert "&gt; 请问" in left


def test_pictures_that_came_along_are_shown_if_they_are_pictures() -> None:
    picture = part(b64(PNG), "image/png", Content_ID="<p1@x>", Content_Transfer_Encoding="base64")
    fake = part("<svg onload=alert(1)>", "image/png", Content_ID="<p2@x>")
    left = shown('<img src="cid:p1@x"><img src="cid:p2@x"><img src="cid:none">', picture, fake)
    assert left.count("data:image/png;base64,") == 1
    assert "svg" not in left


def test_pictures_to_be_fetched_wait_until_asked_for() -> None:
    source = '<img src="https://evil.example/p.gif?u=1"><img src="//evil.example/2"><img src="HTTP://evil.example/3">'
    assert "evil.example" not in shown(source)
    assert show(read_mail(html_mail(source)), fold="").left_out == 2
    assert "https://evil.example/p.gif" in shown(source, remote=True)


@pytest.mark.parametrize("source", ["<div>" * (MAX_DEPTH + 2) + "深", "<br>" * 70_000 + "多", "<b>" * 400_000 + "巨"])
def test_trees_that_take_long_to_build_are_shown_as_text(source: str) -> None:
    left = shown(source)
    assert left.startswith('<pre class="text">')


def test_card_numbers_are_masked_in_it() -> None:
    left = show(
        read_mail(html_mail("<p>卡号 6222021234567890128</p>")), fold="", mask=lambda t: t.replace("6222", "****")
    )
    assert "6222" not in left.content


@pytest.mark.django_db
@pytest.mark.usefixtures("desk")
def test_the_frame_is_for_who_sees_the_ticket_and_full_data(agent: User, other_agent: User, auditor: User) -> None:
    receive_mail(html_mail('<p>坏了</p><script>x</script><img src="https://evil.example/1.gif">'))
    ticket = Ticket.objects.get()
    address = f"/desk/messages/{ticket.messages.get().pk}/mail/"
    answer = browser(agent).get(address)
    assert "<p>坏了</p>" in text(answer)
    assert "已拦截 1 张远程图片" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert answer["Referrer-Policy"] == "no-referrer"
    loud = browser(agent).get(address + "?images=1")
    assert "img-src data: https: http:;" in loud["Content-Security-Policy"]
    assert "https://evil.example/1.gif" in loud.content.decode()
    assert browser(other_agent).get(address).status_code == 404
    assert browser(auditor).get(address).status_code == 403
    assert address in text(browser(agent).get(f"/desk/{ticket.number}/"))
    assert address not in text(browser(auditor).get(f"/desk/{ticket.number}/"))
