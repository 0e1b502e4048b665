"""Mail as it really arrives is read as its writer meant it."""

import random
import time

import pytest

from tests.tickets.mails import PDF, PNG, b64, mail, multipart, part, qp, word
from tickets.email import MAX_BYTES, Mail, read_mail

pytestmark = pytest.mark.capability("B03")

SENTENCE = "您好，上周买的榨汁机坏了，请尽快处理。"
TRADITIONAL = "您好，上週買的果汁機壞了，請儘快處理。"


# Encodings of the text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(part(SENTENCE), SENTENCE, id="utf-8"),
        pytest.param(part(SENTENCE.encode("gb2312"), "text/plain; charset=gb2312"), SENTENCE, id="gb2312"),
        pytest.param(part("朱镕基".encode("gbk"), "text/plain; charset=gb2312"), "朱镕基", id="gbk called gb2312"),
        pytest.param(part("龦㐂".encode("gb18030"), "text/plain; charset=GBK"), "龦㐂", id="gb18030 called gbk"),
        pytest.param(part(SENTENCE.encode("gb18030"), "text/plain"), SENTENCE, id="gb18030 undeclared"),
        pytest.param(part(SENTENCE.encode(), "text/plain; charset=gb2312"), SENTENCE, id="utf-8 called gb2312"),
        pytest.param(part(SENTENCE.encode(), "text/plain; charset=us-ascii"), SENTENCE, id="utf-8 called ascii"),
        pytest.param(part(SENTENCE.encode("gbk"), "text/plain; charset=iso-8859-1"), SENTENCE, id="gbk called latin-1"),
        pytest.param(part(SENTENCE.encode("gbk"), "text/plain; charset=utf-8"), SENTENCE, id="gbk called utf-8"),
        pytest.param(part(SENTENCE.encode("gbk"), "text/plain; charset=x-none"), SENTENCE, id="unknown charset"),
        pytest.param(part(TRADITIONAL.encode("big5"), "text/plain; charset=Big5"), TRADITIONAL, id="big5"),
        pytest.param(part(TRADITIONAL.encode("big5"), "text/plain"), TRADITIONAL, id="big5 undeclared"),
        pytest.param(
            part("株式会社です".encode("iso2022_jp"), "text/plain; charset=ISO-2022-JP"),
            "株式会社です",
            id="iso-2022-jp",
        ),
        pytest.param(
            part(b"\x1b$B-!\x1b(B", "text/plain; charset=ISO-2022-JP"), "①", id="iso-2022-jp with vendor signs"
        ),
        pytest.param(part("주문".encode("euc_kr"), "text/plain; charset=ks_c_5601-1987"), "주문", id="korean"),
        pytest.param(part("退款 & 换货".encode("utf-7"), "text/plain; charset=utf-7"), "退款 & 换货", id="utf-7"),
        pytest.param(part("好".encode("utf-16"), "text/plain; charset=utf-16"), "好", id="utf-16"),
        pytest.param(
            part("Café crème".encode("latin-1"), "text/plain; charset=iso-8859-1"), "Café crème", id="latin-1"
        ),
        pytest.param(part(b"\x93ok\x94", "text/plain; charset=iso-8859-1"), "\u201cok\u201d", id="windows quotes"),
        pytest.param(part(b"~{<:Ky2;NpJ)!#~}", "text/plain; charset=hz-gb-2312"), "己所不勿施。", id="hz"),
        pytest.param(part("abc", "text/plain; charset=unicode_escape"), "abc", id="a codec that is no charset"),
        pytest.param(part(SENTENCE.encode()[:-1], "text/plain; charset=utf-8"), SENTENCE[:-1] + "\ufffd", id="cut off"),
        pytest.param(part("a\0b\r\nc\rd\x07"), "ab\nc\nd", id="NUL and line ends"),
        pytest.param(part(b"\xed\xa0\xbdok", "text/plain; charset=utf-8"), None, id="half a surrogate pair"),
    ],
)
def test_text_is_decoded_whatever_it_claims_to_be(content: bytes, expected: str | None) -> None:
    text = read_mail(mail(content)).text
    text.encode("utf-8")
    assert "\0" not in text
    if expected is not None:
        assert text == expected


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(b64(SENTENCE.encode()), "base64", id="base64"),
        pytest.param(b64(SENTENCE.encode()).rstrip(b"=\r\n"), "BASE64", id="base64 without padding"),
        pytest.param(b64(SENTENCE.encode()) + b"\r\n-- \r\nsent by list server", "base64", id="base64 with a footer"),
        pytest.param(b"!!" + b64(SENTENCE.encode()), "base64", id="base64 with foreign characters"),
        pytest.param(qp(SENTENCE.encode()), "quoted-printable", id="quoted-printable"),
        pytest.param(qp(SENTENCE.encode()).replace(b"=E", b"=e"), '"quoted-printable"', id="quoted-printable small"),
        pytest.param(SENTENCE.encode(), "8bit", id="8bit"),
        pytest.param(SENTENCE.encode(), "x-nonsense", id="unknown encoding"),
    ],
)
def test_transfer_encodings(body: bytes, encoding: str) -> None:
    content = part(body, Content_Transfer_Encoding=encoding)
    assert read_mail(mail(content)).text == SENTENCE


# Headers


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(word("订单问题"), "订单问题", id="one word"),
        pytest.param(f"{word('订单', 'gb2312')}\r\n {word('问题', 'gb2312')}", "订单问题", id="two words, one text"),
        pytest.param("=?utf-8?B?6K6i5Y?=\r\n =?utf-8?B?2V?=", "订单", id="a character cut in two"),
        pytest.param(f"Re: {word('问题')} [#1]", "Re: 问题 [#1]", id="mixed with plain text"),
        pytest.param("=?UTF-8?Q?=E9=80=80_=E6=AC=BE?=", "退 款", id="q encoding"),
        pytest.param("=?utf-8?q?a b?=", "a b", id="spaces in a q word"),
        pytest.param("=?utf-8*zh-CN?B?6YCA5qy+?=", "退款", id="with a language"),
        pytest.param("=?utf-8?B?6YCA5qy+", "退款", id="never closed"),
        pytest.param("=?utf-8?X?abc?=", "=?utf-8?X?abc?=", id="no such encoding"),
        pytest.param("退款".encode(), "退款", id="raw utf-8"),
        pytest.param("退款".encode("gbk"), "退款", id="raw gbk"),
        pytest.param("=?gb2312?B?zcu/7g?=", "退款", id="without padding"),
        pytest.param("=?utf-8?B?6YCA\r\n =?= 5qy+?=", None, id="broken inside"),
        pytest.param("one\r\n\ttwo", "one two", id="folded"),
        pytest.param(f"one\r\n{word('二')}", "one 二", id="folded without indenting"),
    ],
)
def test_subjects(subject: str | bytes, expected: str | None) -> None:
    body = part(SENTENCE.encode("gbk"), "text/plain; charset=gbk")
    found = read_mail(mail(body, subject=subject)).subject
    assert "\n" not in found
    if expected is not None:
        assert found == expected


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        pytest.param("Zhang <Zhang.San@QQ.com>", "Zhang", "zhang.san@qq.com", id="plain"),
        pytest.param(f"{word('张三', 'gbk')} <a@b.cn>", "张三", "a@b.cn", id="encoded name"),
        pytest.param(f'"{word("张三")}" <a@b.cn>', "张三", "a@b.cn", id="encoded in quotes"),
        pytest.param(word("张三 <a@b.cn>"), "张三", "a@b.cn", id="all encoded"),
        pytest.param('"a@c.com via shop" <a@b.cn>', "a@c.com via shop", "a@b.cn", id="another address as name"),
        pytest.param("a@b.cn (Zhang)", "Zhang", "a@b.cn", id="old style"),
        pytest.param("a@b.cn, c@d.cn", "", "a@b.cn", id="two senders"),
        pytest.param("Zhang <mailto:a@b.cn>", "Zhang", "a@b.cn", id="as a link"),
        pytest.param("Zhang <a@b.cn", "Zhang", "a@b.cn", id="bracket not closed"),
        pytest.param("Mail System <MAILER-DAEMON>", "Mail System", "mailer-daemon", id="no domain"),
        pytest.param("undisclosed-recipients:;", "undisclosed-recipients:;", "", id="nobody"),
        pytest.param("张三 <a@b.cn>".encode("gbk"), "张三", "a@b.cn", id="raw gbk"),
    ],
)
def test_senders(sender: str | bytes, name: str, address: str) -> None:
    body = part(SENTENCE.encode("gbk"), "text/plain; charset=gbk")
    found = read_mail(mail(body, sender=sender))
    assert (found.sender_name, found.sender) == (name, address)


def test_a_mail_without_from_is_the_senders_all_the_same() -> None:
    assert read_mail(mail(sender="", headers={"Reply-To": "A <a@b.cn>"})).sender == "a@b.cn"


# Parts


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            multipart("alternative", part("文字"), part("<b>网页</b>", "text/html; charset=utf-8")),
            "文字",
            id="text before html",
        ),
        pytest.param(
            multipart("alternative", part(" "), part("<b>网页</b>", "text/html; charset=utf-8")),
            "网页",
            id="empty text",
        ),
        pytest.param(
            multipart("alternative", part("请用支持 HTML 的软件查看"), part("<p>正文</p>", "text/html; charset=utf-8")),
            "正文",
            id="text that only points to the html",
        ),
        pytest.param(multipart("mixed", part("一"), part(PNG, "image/png"), part("二")), "一\n\n二", id="text around"),
        pytest.param(
            multipart("mixed", multipart("alternative", part("里面"), boundary="b2"), part("外面")),
            "里面\n\n外面",
            id="nested",
        ),
        pytest.param(multipart("mixed", part("没有结尾"), closed=False), "没有结尾", id="never closed"),
        pytest.param(part("没有分段", 'multipart/mixed; boundary="b"'), "没有分段", id="parts that are not there"),
        pytest.param(
            b"Content-Type: multipart/mixed\r\n\r\n--xyz\r\n" + part("猜的") + b"\r\n--xyz--",
            "猜的",
            id="no boundary named",
        ),
        pytest.param(part("名字", 'text/plain; charset=utf-8; name="mail.txt"'), "名字", id="only a named text"),
        pytest.param(
            multipart("mixed", part(mail("转发的内容"), "message/rfc822")), "转发的内容", id="only a forwarded mail"
        ),
        pytest.param(part("flowed \r\ntext", "text/plain; format=flowed"), "flowed text", id="flowed"),
        pytest.param(part("plain", "text"), "plain", id="half a type"),
        pytest.param(part("<i>x</i>", "text/html charset=utf-8"), "x", id="forgotten semicolon"),
    ],
)
def test_what_is_read_as_the_text(content: bytes, text: str) -> None:
    assert read_mail(mail(content)).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("一<br>二<br/>三", "一\n二\n三"),
        ("<div>一</div><div>二</div>", "一\n二"),
        ("<style>p{}</style><script>alert(1)</script>好", "好"),
        ("<!-- x --><!--[if mso]>y<![endif]-->好", "好"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("&lt;b&gt;&nbsp;&amp;&#20320;", "<b> &你"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<blockquote>旧</blockquote>新", "> 旧\n新"),
        ("a < b and <b>c", "a < b and c"),
        ('<img alt="a > b" src=x>好', "好"),
        ("<script>never closed", "never closed"),
        ("<title>题</title>好", "好"),
    ],
)
def test_html_reads_like_text(html: str, text: str) -> None:
    assert read_mail(mail(part(html, "text/html; charset=utf-8"))).text == text


def test_html_names_its_own_charset() -> None:
    html = '<meta http-equiv="Content-Type" content="text/html; charset=big5">退貨'
    assert read_mail(mail(part(html.encode("big5"), "text/html"))).text == "退貨"


@pytest.mark.parametrize(
    ("piece", "name"),
    [
        pytest.param(part(PDF, 'application/pdf; name="a.pdf"'), "a.pdf", id="name"),
        pytest.param(
            part(PDF, "application/pdf", Content_Disposition="attachment; filename=b.pdf"), "b.pdf", id="file"
        ),
        pytest.param(
            part(PDF, "application/pdf", Content_Disposition="attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf"),
            "发票.pdf",
            id="extended",
        ),
        pytest.param(
            part(
                PDF,
                "application/pdf",
                Content_Disposition="attachment; filename*0*=gb2312''%B7%A2; filename*1*=%C6%B1; filename*2=.pdf",
            ),
            "发票.pdf",
            id="in pieces",
        ),
        pytest.param(part(PDF, f'application/pdf; name="{word("发票.pdf")}"'), "发票.pdf", id="encoded word"),
        pytest.param(part(PDF, 'application/pdf; name="发票.pdf"'.encode("gbk")), "发票.pdf", id="raw gbk"),
        pytest.param(part(PDF, r'application/pdf; name="a\"b;c.pdf"'), 'a"b;c.pdf', id="quotes and semicolons"),
        pytest.param(
            part(PNG, "image/png", Content_Disposition="inline", Content_ID="<1>"), "image-1.png", id="inline"
        ),
        pytest.param(part(b"x", "application/ms-tnef"), "winmail.dat", id="tnef"),
        pytest.param(part(mail(subject=word("原信")), "message/rfc822"), "原信.eml", id="forwarded mail"),
        pytest.param(part("记录", 'text/plain; name="log.txt"'), "log.txt", id="named text"),
        pytest.param(part("记录", Content_Disposition="attachment"), "text-1.txt", id="attached text"),
    ],
)
def test_files_are_named(piece: bytes, name: str) -> None:
    body = part(SENTENCE.encode("gbk"), "text/plain; charset=gbk")
    found = read_mail(mail(multipart("mixed", body, piece)))
    assert [file.name for file in found.files] == [name]
    assert found.text == SENTENCE


@pytest.mark.parametrize(
    "kind", ["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"]
)
def test_signatures_are_no_files(kind: str) -> None:
    signed = multipart("signed", part("正文"), part("x", f'{kind}; name="smime.p7s"'))
    assert read_mail(mail(signed)).files == []


def test_files_of_a_forwarded_mail_are_named_too() -> None:
    inner = mail(multipart("mixed", part("里面"), part(PDF, 'application/pdf; name="in.pdf"')), subject="inner")
    found = read_mail(mail(multipart("mixed", part("外面"), part(inner, "message/rfc822"), boundary="out")))
    assert [file.name for file in found.files] == ["inner.eml", "in.pdf"]
    assert found.text == "外面"
    assert found.files[1].content() == PDF


# Automatic mail


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"headers": {"Auto-Submitted": "auto-replied"}}, "auto_reply"),
        ({"headers": {"Auto-Submitted": "auto-generated (failure)"}}, "auto_reply"),
        ({"headers": {"Precedence": "bulk"}}, "auto_reply"),
        ({"headers": {"X-Autoreply": "yes"}}, "auto_reply"),
        ({"subject": word("自动回复：关于您的订单")}, "auto_reply"),
        ({"subject": word("【自动回复】您好")}, "auto_reply"),
        ({"subject": "Out of Office: holiday"}, "auto_reply"),
        ({"subject": "Automatic reply: order"}, "auto_reply"),
        ({"headers": {"Return-Path": "<>"}}, "bounce"),
        ({"sender": "Mail Delivery System <MAILER-DAEMON@mx.cn>"}, "bounce"),
        ({"sender": "postmaster@mx.cn", "subject": word("系统退信")}, "bounce"),
        ({"headers": {"X-Failed-Recipients": "a@b.cn"}}, "bounce"),
        ({"content": multipart("report", part("failed"), more="; report-type=delivery-status")}, "bounce"),
        ({"content": multipart("report", part("read"), more="; report-type=disposition-notification")}, "auto_reply"),
        ({"sender": "Kefu <KEFU@shop.cn>"}, "loop"),
        ({"headers": {"X-Kean": "26111600000001"}}, "loop"),
        ({"headers": {"List-Id": "<news.shop.cn>"}}, "loop"),
        ({"headers": {"Auto-Submitted": "no"}}, None),
        ({"headers": {"Return-Path": "<a@b.cn>"}}, None),
        ({"subject": word("自动回复有问题，请人工处理")}, None),
        ({"subject": word("你们的系统退信了我的邮件")}, None),
        ({"sender": "postmaster@school.cn", "subject": word("投诉")}, None),
    ],
)
def test_automatic_mail_is_told_from_peoples(changes: dict, kind: str | None) -> None:
    found = read_mail(mail(**changes), own={"kefu@shop.cn"}).automatic
    assert (found.kind if found else None) == kind


# Quoted history


HISTORY = "> 您好，已为您登记。\n> 谢谢"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(
            f"还没收到\n\nOn Mon, 16 Nov 2026 at 09:00, Kefu <k@s.cn> wrote:\n{HISTORY}", "还没收到", id="gmail"
        ),
        pytest.param(
            f"还没收到\n\nOn Mon, 16 Nov 2026 at 09:00, Customer\nService <k@s.cn>\nwrote:\n{HISTORY}",
            "还没收到",
            id="wrapped",
        ),
        pytest.param(
            f"还没收到\n\n在 2026年11月16日，客服 <k@s.cn> 写道：\n{HISTORY}", "还没收到", id="apple in chinese"
        ),
        pytest.param('还没收到\n\n在 2026-11-16 09:00:00，"客服" <k@s.cn> 写道：\n旧的\n旧的', "还没收到", id="163"),
        pytest.param(
            "还没收到\n\n\n------------------ 原始邮件 ------------------\n发件人: 客服\n旧的", "还没收到", id="qq"
        ),
        pytest.param("还没收到\n-----Original Message-----\nFrom: x\n旧的", "还没收到", id="original message"),
        pytest.param(
            "还没收到\n\n发件人： 客服\n发送时间： 2026-11-16 09:00\n收件人： 我\n主题： 回复\n\n旧的",
            "还没收到",
            id="foxmail",
        ),
        pytest.param(
            "still waiting\n\nFrom: Kefu\nSent: Monday\nTo: me\nSubject: Re\n\nold", "still waiting", id="outlook"
        ),
        pytest.param(f"还没收到\n\n{HISTORY}", "还没收到", id="only quote marks"),
        pytest.param(f"在 2026年11月16日，客服写道：\n{HISTORY}\n\n还没收到", "还没收到", id="answer below"),
        pytest.param(
            "见下\n在 2026年11月16日，客服写道：\n> 问题一\n答一\n> 问题二\n答二", None, id="answers in between"
        ),
        pytest.param("发件人：我自己\n内容如上", None, id="no history"),
        pytest.param("他在 11 月写道歉信", None, id="a sentence"),
        pytest.param("> 只有引用", None, id="nothing but a quotation"),
    ],
)
def test_history_is_folded_away_and_nothing_else(text: str, kept: str | None) -> None:
    found = read_mail(mail(text, headers={"In-Reply-To": "<old@s.cn>"}))
    assert found.text == text
    assert found.body == (kept or text).strip() or found.body == ""


def test_what_is_no_answer_is_not_folded() -> None:
    forwarded = "请看\n\n-----Original Message-----\nFrom: shop\n承诺三天到货"
    assert read_mail(mail(forwarded, subject="Fw: promise")).body == forwarded


# Whatever comes


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n\n",
        b"\0\xff\xfe",
        b":",
        b"From",
        b"just a line",
        b"From: \nSubject:\n\n",
        b"From someone Mon Nov 16 09:00:00 2026\nFrom: a@b.cn\n\nhi",
        b"\xef\xbb\xbfFrom: a@b.cn\n\nhi",
        b"From: a@b.cn\rSubject: mac\r\rhi",
        b"Content-Type: multipart/mixed; boundary=\n\n--\n\n--",
        b"Content-Type: multipart/mixed; boundary=" + b"x" * 5000 + b"\n\nhi",
        b'Content-Type: ;;;===\nContent-Disposition: "\n\nhi',
        b'Content-Type: text/plain; charset="\xff"\n\nhi\xff',
        b"Content-Type: message/rfc822\n\n",
        b"Content-Type: text/plain; charset*0*=''; charset*99999=x\n\nhi",
    ],
)
def test_nothing_raises(raw: bytes) -> None:
    found = read_mail(raw)
    assert isinstance(found, Mail)
    assert found.body is not None


def test_damaged_mail_is_read_as_far_as_it_goes() -> None:
    whole = mail(
        multipart(
            "mixed",
            multipart("alternative", part(SENTENCE), part(f"<p>{SENTENCE}</p>", "text/html"), boundary="b2"),
            part(b64(PNG), f'image/png; name="{word("图.png")}"', Content_Transfer_Encoding="base64"),
        ),
        subject=word("订单", "gb2312"),
    )
    chance = random.Random(7)
    for _attempt in range(1_500):
        damaged = bytearray(whole)
        for _place in range(chance.randrange(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        damaged_mail = read_mail(bytes(damaged[: chance.randrange(1, len(damaged) + 1)]))
        f"{damaged_mail.subject}{damaged_mail.body}".encode()


def _nested(levels: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)) + b"\nhi"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        pytest.param(mail(multipart("mixed", *[part("x")] * 199)), "", id="as many parts as may be"),
        pytest.param(mail(multipart("mixed", *[part("x")] * 10_000)), "too_complex", id="10,000 parts"),
        pytest.param(_nested(20), "", id="as deep as may be"),
        pytest.param(_nested(3_000), "too_complex", id="3,000 levels"),
        pytest.param(b"Subject: big\n\n" + b"x" * MAX_BYTES, "too_large", id="over 25 MB"),
        pytest.param(mail(subject="=?a?b?" * 100_000), "", id="endless encoded words"),
        pytest.param(mail(sender="<a" * 30_000), "", id="endless address"),
        pytest.param(mail(part("<div>" * 400_000, "text/html")), "", id="deep html"),
        pytest.param(mail(part("<!--" * 400_000, "text/html")), "", id="open comments"),
        pytest.param(mail(part("<a " * 400_000, "text/html")), "", id="open tags"),
        pytest.param(mail(part(b"=  " * 1_000_000, Content_Transfer_Encoding="base64")), "", id="base64 padding"),
        pytest.param(mail("On 2026 a@b " * 80_000, subject="Re: x"), "", id="half an attribution"),
        pytest.param(mail("12:00" * 110 + "\n", subject="Re: x"), "", id="near attributions"),
    ],
)
def test_bombs_are_defused_in_time(raw: bytes, fault: str) -> None:
    began = time.process_time()
    found = read_mail(raw)
    found.body.strip()
    assert found.fault == fault
    assert time.process_time() - began < 4
    if found.fault and found.subject:
        assert found.text, "what can be read is read all the same"
