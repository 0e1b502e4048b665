"""Builds mail byte by byte: what arrives is rarely what a library would have written."""

import base64
import quopri
from collections.abc import Mapping

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
#: A name of a header → its value; bytes go in as they are.
Given = Mapping[str, str | bytes]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def part(body: str | bytes, content_type: str = "text/plain; charset=utf-8", **headers: str | bytes) -> bytes:
    """One part, or the end of a message: its headers, an empty line, its body."""
    lines = [b"Content-Type: " + _bytes(content_type)]
    lines += [_bytes(name.replace("_", "-")) + b": " + _bytes(value) for name, value in headers.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode())


def multipart(subtype: str, *parts: bytes, boundary: str = "b1", more: str = "", closed: bool = True) -> bytes:
    mark = boundary.encode()
    lines = [b"--" + mark + b"\r\n" + one + b"\r\n" for one in parts]
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{more}\r\n\r\n'.encode()
    return head + b"".join(lines) + (b"--" + mark + b"--\r\n" if closed else b"")


def mail(
    content: str | bytes = "您好",
    *,
    sender: str | bytes = "Zhang San <zhang.san@qq.com>",
    subject: str | bytes = "hello",
    message_id: str = "<m1@qq.com>",
    headers: Given | None = None,
) -> bytes:
    """A whole message. `content` is a part or multipart (bytes), or the text itself (str)."""
    fields: dict[str, str | bytes] = {"From": sender, "To": "kefu@shop.cn", "Subject": subject}
    if message_id:
        fields["Message-ID"] = message_id
    fields |= headers or {}
    head = b"".join(_bytes(name) + b": " + _bytes(value) + b"\r\n" for name, value in fields.items() if value)
    return head + (content if isinstance(content, bytes) else part(content))


def b64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def qp(data: bytes) -> bytes:
    return quopri.encodestring(data)


def word(text: str, charset: str = "utf-8") -> str:
    """An encoded word of RFC 2047."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="
