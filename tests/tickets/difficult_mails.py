"""Mail as it really arrives: one row for each kind, with what becomes of it.

Rows with `ANSWER` answer the customer's first mail, whose ticket is solved; `MARK` stands for that ticket's number.
"""

# ruff: noqa: E501 (one row is one line)
import zlib
from dataclasses import dataclass, field

from tests.tickets.mails import PDF, PNG, b64, mail, multipart, part, qp, word
from tickets.services.email import Outcome

ANSWER = {"In-Reply-To": "<m1@qq.com>"}
ENCODED = {"Content_Transfer_Encoding": "base64"}


@dataclass(frozen=True)
class Row:
    """A mail and what becomes of it. `says`: part of the message's text; `files`: names that are kept."""

    name: str
    raw: bytes
    result: Outcome = Outcome.CREATED
    says: str = ""
    sender: str | None = "zhang.san@qq.com"
    subject: str | None = None
    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    reason: str = ""
    kept: bool = True
    reopens: bool = False


def _text(text: str, codec: str, declared: str, **headers: str) -> bytes:
    return mail(part(text.encode(codec), f"text/plain; charset={declared}", **headers))


def _nested(depth: int) -> bytes:
    inner = part("最里面的话")
    for level in range(depth):
        inner = multipart("mixed", inner, boundary=f"b{level}")
    return mail(inner)


def _file(name: str, content: bytes, kind: str = "application/octet-stream", body: str = "见附件") -> bytes:
    parameter = f'{kind}; name="{name}"'
    return mail(multipart("mixed", part(body), part(b64(content), parameter, **ENCODED)))


def _zip_bomb() -> bytes:
    """Ten megabytes of zeros, packed small, under the name and first bytes of a zip."""
    packed = zlib.compress(b"\0" * 10_000_000, 9)
    return b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\0" * 16 + len(b"x").to_bytes(2, "little") + b"\0\0x" + packed


SENTENCE = "您好，我收到的杯子碎了，请尽快处理退款。"
TRADITIONAL = "您好，我收到的杯子破損了，請儘快處理退款。"
JAPANESE = "こんにちは、カップが割れていました。"

ENCODINGS = [
    Row("gb2312", _text(SENTENCE, "gb2312", "gb2312"), says=SENTENCE),
    Row("gbk", _text(SENTENCE + "镕", "gbk", "gbk"), says="镕"),
    Row("gb18030, four bytes", _text(SENTENCE + "𠮷", "gb18030", "gb18030"), says="𠮷"),
    Row("gb2312 declared, gbk used", _text("喆先生：" + SENTENCE, "gbk", "gb2312"), says="喆先生"),
    Row("big5", _text(TRADITIONAL, "big5", "big5"), says=TRADITIONAL),
    Row("iso-2022-jp", _text(JAPANESE, "iso2022_jp", "iso-2022-jp"), says=JAPANESE),
    Row("shift_jis", _text(JAPANESE, "cp932", "shift_jis"), says=JAPANESE),
    Row("hz", _text("退款", "hz", "hz-gb-2312"), says="退款"),
    Row("utf-7", _text("退款", "utf-7", "utf-7"), says="退款"),
    Row("utf-16 with mark", _text(SENTENCE, "utf-16", "utf-16"), says=SENTENCE),
    Row("unknown charset", _text(SENTENCE, "gb18030", "x-martian"), says=SENTENCE),
    Row("no charset, gbk", mail(part(SENTENCE.encode("gbk"), "text/plain")), says=SENTENCE),
    Row("latin-1 declared, utf-8 used", _text(SENTENCE, "utf-8", "iso-8859-1"), says=SENTENCE),
    Row("utf-8 declared, gbk used", _text(SENTENCE, "gbk", "utf-8"), says=SENTENCE),
    Row("ascii declared, gbk used", _text(SENTENCE, "gbk", "us-ascii"), says=SENTENCE),
    Row("charset that runs code names", _text("hello", "ascii", "unicode_escape"), says="hello"),
    Row("base64 of gbk", mail(part(b64(SENTENCE.encode("gbk")), "text/plain; charset=gbk", **ENCODED)), says=SENTENCE),
    Row("base64 that is cut", mail(part(b64(SENTENCE.encode())[:-7], "text/plain; charset=utf-8", **ENCODED)), says="杯子"),
    Row(
        "quoted-printable of gbk",
        mail(part(qp(SENTENCE.encode("gbk")), "text/plain; charset=gbk", Content_Transfer_Encoding="quoted-printable")),
        says=SENTENCE,
    ),
    Row("NUL inside", mail("退\0款\0请处理"), says="退款请处理"),
    Row("lone surrogates in utf-8", mail(part(b"\xed\xa0\x80\xe9\x80\x80\xe6\xac\xbe", "text/plain; charset=utf-8")), says="退款"),
    Row("rare character in two halves", mail(part("碎了".encode() + b"\xed\xa0\xbd\xed\xb8\xad", "text/plain; charset=utf-8")), says="碎了😭"),
    Row("emoji and rare characters", mail("碎了😭𠮷"), says="碎了😭𠮷"),
    Row("direction characters", mail("金额\u202e001"), says="金额"),
]  # fmt: skip

HEADERS = [
    Row("encoded subject", mail("x", subject=word("杯子碎了", "gbk")), subject="杯子碎了"),
    Row("mixed encoded words", mail("x", subject=f"{word('退款', 'gbk')} {word('申请')} No.1"), subject="退款申请 No.1"),
    Row("word cut in a character", mail("x", subject="=?utf-8?B?6YCA5q?= =?utf-8?B?y+?="), subject="退款"),
    Row("raw gbk subject", mail("你好，请退款", subject="退款申请".encode("gbk")), subject="退款申请"),
    Row("unclosed encoded word", mail("x", subject="=?utf-8?B?6YCA5qy+"), says="x"),
    Row("folded headers", mail("x", headers={"References": "<a@b>\r\n <c@d>\r\n\t<e@f>"}), says="x"),
    Row("folded without indent", b"From: a@qq.com\r\nSubject: =?utf-8?B?6YCA?=\r\n=?utf-8?B?5qy+?=\r\n\r\nx", sender="a@qq.com", subject="退款"),
    Row("no From", mail("x", sender="", headers={"Reply-To": "b@qq.com"}), sender="b@qq.com"),
    Row("nobody at all", mail("没有发件人", sender=""), sender="", says="没有发件人"),
    Row("no Date", mail("x"), says="x"),
    Row("1970", mail("x", headers={"Date": "Thu, 01 Jan 1970 00:00:00 +0000"}), says="x"),
    Row("2099", mail("x", headers={"Date": "Thu, 31 Dec 2099 23:59:59 +0800"}), says="x"),
    Row("date of nonsense", mail("x", headers={"Date": "昨天"}), says="x"),
    Row("no Message-ID", mail("没有编号", message_id=""), says="没有编号"),
    Row("Message-ID of 5,000 characters", mail("x", message_id="<" + "a" * 5000 + "@qq.com>"), says="x"),
    Row("duplicate headers", b"From: a@qq.com\r\nFrom: b@qq.com\r\nSubject: 1\r\nSubject: 2\r\n\r\nx", sender="a@qq.com", subject="1"),
    Row("10,000 recipients", mail("x", headers={"Cc": ", ".join(f"u{n}@qq.com" for n in range(10_000))}), says="x"),
    Row("no headers", b"just words", sender="", says="just words"),
    Row("headers without a body", b"From: a@qq.com\r\nSubject: only", sender="a@qq.com", says="only"),
    Row("line feeds only", mail("x").replace(b"\r\n", b"\n"), says="x"),
    Row("old Macintosh line ends", mail("x").replace(b"\r\n", b"\r"), says="x"),
    Row("mbox line in front", b"From a@qq.com Mon Nov 16 09:00:00 2026\r\n" + mail("x"), says="x"),
    Row("Chinese reply prefix", mail("x", subject="回复：答复: Re: 杯子"), subject="回复：答复: Re: 杯子"),
    Row("header injection in the name", mail("x", sender='"a\r\n Bcc: z@z.cn" <a@qq.com>'), sender="a@qq.com"),
]  # fmt: skip

SHAPES = [
    Row("empty body, a subject", mail("", subject="只有主题"), says="只有主题"),
    Row("HTML only", mail(part(f"<p>{SENTENCE}</p><script>x</script>", "text/html; charset=utf-8")), says=SENTENCE),
    Row("text that only says: see the HTML", mail(multipart("alternative", part("Please view as HTML"), part("<b>退款</b>", "text/html"))), says="退款"),
    Row("nested thirty deep", _nested(30), says="最里面的话"),
    Row("nested three hundred deep", _nested(300), Outcome.REJECTED, reason="嵌套过深"),
    Row("five hundred parts", mail(multipart("mixed", *[part("x")] * 500)), Outcome.REJECTED, reason="部分过多"),
    Row("boundary that never comes", mail(b'Content-Type: multipart/mixed; boundary="zz"\r\n\r\n' + "正文".encode()), says="正文"),
    Row("last boundary missing", mail(multipart("mixed", part("正文"), closed=False)), says="正文"),
    Row("a mail as a file", mail(multipart("mixed", part("见转发"), part(mail("原来的话", subject="old"), "message/rfc822"))), says="见转发", files=["old.eml"]),
    Row("calendar invitation", mail(multipart("mixed", part("周三见"), part("BEGIN:VCALENDAR\r\nEND:VCALENDAR", 'text/calendar; name="i.ics"'))), says="周三见", refused=["i.ics"]),
    Row("S/MIME signed", mail(multipart("signed", part("已签名"), part(b64(b"\x30\x80"), 'application/pkcs7-signature; name="smime.p7s"', **ENCODED))), says="已签名"),
    Row("S/MIME encrypted", mail(part(b64(b"\x30\x80" * 50), 'application/pkcs7-mime; name="smime.p7m"', **ENCODED), subject="加密"), says="加密", refused=["smime.p7m"]),
    Row("PGP signed", mail(multipart("signed", part("已签名"), part("-----BEGIN PGP SIGNATURE-----", "application/pgp-signature"))), says="已签名"),
    Row("PGP encrypted", mail(multipart("encrypted", part("Version: 1", "application/pgp-encrypted"), part("-----BEGIN PGP MESSAGE-----", 'application/octet-stream; name="e.asc"')), subject="密信"), says="密信", refused=["e.asc"]),
    Row("winmail.dat", _file("winmail.dat", b"\x78\x9f\x3e\x22" + b"\0" * 50, "application/ms-tnef"), says="见附件", refused=["winmail.dat"]),
    Row("quoted history", mail("收到\r\n\r\n> 您好\r\n> 请问", subject="Re: 杯子", headers={"In-Reply-To": "<x@y>"}), says="收到"),
    Row("signature", mail("请退款\r\n-- \r\n王先生\r\n某某公司"), says="某某公司"),
    Row("25 MB less a little", mail("x" * (25 * 1024 * 1024 - 2000)), says="已截断"),
    Row("over 25 MB", mail("x" * (26 * 1024 * 1024)), Outcome.REJECTED, reason="25 MB", kept=False),
    Row("nothing", b"", Outcome.REJECTED, sender="", reason="空", kept=False),
    Row("bytes of nothing", bytes(range(256)) * 20, Outcome.CREATED, sender=None),
]  # fmt: skip

FILES = [
    Row("RFC 2231 name", mail(multipart("mixed", part("x"), part(b64(PDF), "application/pdf", Content_Disposition="attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf", **ENCODED))), files=["发票.pdf"]),
    Row("RFC 2231 in pieces", mail(multipart("mixed", part("x"), part(b64(PDF), "application/pdf", Content_Disposition="attachment; filename*0*=gbk''%B7%A2; filename*1*=%C6%B1.pdf", **ENCODED))), files=["发票.pdf"]),
    Row("RFC 2047 name", _file(word("发票.pdf", "gbk"), PDF), files=["发票.pdf"]),
    Row("path in the name", _file("../../etc/passwd.png", PNG), files=["passwd.png"]),
    Row("reversed name", _file("abc\u202egnp.exe", b"MZ\0\0"), refused=["abcgnp.exe"]),
    Row("executable", _file("退款.exe", b"MZ\x90\0" * 10), refused=["退款.exe"]),
    Row("executable called png", _file("a.png", b"MZ\x90\0" * 10), refused=["a.png"]),
    Row("double extension", _file("发票.pdf.js", b"alert(1)"), refused=["发票.pdf.js"]),
    Row("HTML file", _file("a.html", b"<script>x</script>", "text/html"), refused=["a.html"]),
    Row("SVG file", _file("a.svg", b"<svg onload=x>", "image/svg+xml"), refused=["a.svg"]),
    Row("zip bomb, never opened", _file("b.zip", _zip_bomb()), files=["b.zip"]),
    Row("empty file", _file("a.png", b""), refused=["a.png"]),
    Row("inline picture", mail(multipart("related", part('<img src="cid:1">图', "text/html; charset=utf-8"), part(b64(PNG), "image/png", Content_ID="<1>", **ENCODED))), says="图", files=["image-1.png"]),
    Row("two files of one name", mail(multipart("mixed", part("x"), *[part(b64(PNG), 'image/png; name="a.png"', **ENCODED)] * 2)), files=["a.png", "a.png"]),
]  # fmt: skip

ROBOTS = [
    Row("Auto-Submitted", mail("我在休假", message_id="<r@q>", headers={**ANSWER, "Auto-Submitted": "auto-replied"}), Outcome.IGNORED, reason="自动回复"),
    Row("X-Autoreply", mail("我在休假", message_id="<r@q>", headers={**ANSWER, "X-Autoreply": "yes"}), Outcome.IGNORED, reason="自动回复"),
    Row("Precedence: auto_reply", mail("我在休假", message_id="<r@q>", headers={**ANSWER, "Precedence": "auto_reply"}), Outcome.IGNORED, reason="自动回复"),
    Row("Precedence: bulk", mail("优惠", message_id="<r@q>", headers={**ANSWER, "Precedence": "bulk"}), Outcome.IGNORED, reason="自动回复"),
    Row("a subject of absence", mail("我在休假", subject="自动回复：杯子", message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, reason="自动回复"),
    Row("mailing list", mail("周刊", message_id="<r@q>", headers={**ANSWER, "List-Id": "<news.qq.com>", "List-Unsubscribe": "<mailto:u@qq.com>"}), Outcome.IGNORED, reason="群发"),
    Row("delivery report", mail(multipart("report", part("failed"), part("Action: failed\r\n", "message/delivery-status"), more="; report-type=delivery-status"), sender="", message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, sender="", reason="退信"),
    Row("read receipt", mail(multipart("report", part("read"), more="; report-type=disposition-notification"), message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, reason="自动回复"),
    Row("mailer daemon", mail("failed", sender="MAILER-DAEMON@qq.com", message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, sender="mailer-daemon@qq.com", reason="退信"),
    Row("empty return path", mail("failed", message_id="<r@q>", headers={**ANSWER, "Return-Path": "<>"}), Outcome.IGNORED, reason="退信"),
    Row("Chinese bounce", mail("退信", sender="Postmaster@163.com", subject="系统退信", message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, sender="postmaster@163.com", reason="退信"),
    Row("our own mail coming back", mail("x", message_id="<r@q>", headers={**ANSWER, "X-Kean": "1"}), Outcome.IGNORED, reason="循环"),
    Row("from our own address", mail("x", sender="kean@localhost", message_id="<r@q>", headers=ANSWER), Outcome.IGNORED, sender="kean@localhost", reason="循环"),
]  # fmt: skip

PEOPLE = [
    Row("an answer", mail("还是坏的", message_id="<p@q>", headers=ANSWER), Outcome.APPENDED, says="还是坏的", reopens=True),
    Row("an answer among many references", mail("还是坏的", message_id="<p@q>", headers={"References": " ".join([f"<{n}@x>" for n in range(40)] + ["<m1@qq.com>"])}), Outcome.APPENDED, says="还是坏的", reopens=True),
    Row("a made-up number of a ticket", mail("给我看看", sender="evil@x.cn", subject="Re: [#MARK]", message_id="<p@q>"), Outcome.CREATED, sender="evil@x.cn", says="给我看看"),
    Row("a made-up id of ours", mail("给我看看", sender="evil@x.cn", message_id="<p@q>", headers={"In-Reply-To": "<MARK.reply-1.0123456789abcdef0123@localhost>"}), Outcome.CREATED, sender="evil@x.cn", says="给我看看"),
    Row("a complaint about an automatic reply", mail("你们的自动回复有问题", subject="自动回复有问题", message_id="<p@q>"), Outcome.CREATED, says="有问题"),
    Row("Auto-Submitted: no", mail("我是人", message_id="<p@q>", headers={**ANSWER, "Auto-Submitted": "no"}), Outcome.APPENDED, says="我是人", reopens=True),
]  # fmt: skip
