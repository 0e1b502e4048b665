"""The parts of a message, within limits that no message can exceed."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tickets.email.headers import Headers, Valued, lenient_base64, split_headers, valued

MAX_BYTES = 25 * 1024 * 1024
MAX_PARTS = 200
MAX_DEPTH = 40

_SIGNATURES = {
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
}
_UNMARKED_BOUNDARY = re.compile(rb"\A\s*--([^\r\n]{1,200}?)[ \t]*\r?\n(?=Content-)", re.IGNORECASE)


#: Parts are views into the one buffer of the message: nesting must not multiply memory.
Buffer = bytes | memoryview


class TooComplex(Exception):
    """More parts, or parts deeper in each other, than any person's mail has."""


@dataclass(frozen=True)
class Part:
    """A leaf: something to read or a file. `container` is the multipart it stands in."""

    content_type: str
    parameters: dict[str, str]
    disposition: str
    name: str
    encoding: str
    content_id: str
    container: str
    alternative: int
    nesting: int
    body: Buffer
    subject: str = ""

    @property
    def is_text(self) -> bool:
        return self.content_type.startswith("text/")

    @property
    def is_signature(self) -> bool:
        return self.content_type in _SIGNATURES

    def content(self) -> bytes:
        """The bytes behind the transfer encoding, as far as they can be read."""
        return undo_transfer(bytes(self.body), self.encoding)


def undo_transfer(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "base64":
            return lenient_base64(body)
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case "x-uuencode" | "uuencode" | "x-uue":
            return _uudecode(body)
    return body


def _uudecode(body: bytes) -> bytes:
    decoded = []
    for line in body.splitlines():
        if line.startswith(b"begin ") or not line.strip():
            continue
        if line.strip() in (b"end", b"`"):
            break
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(decoded)


class Walker:
    """Goes through a message once; counts parts over all levels."""

    def __init__(self) -> None:
        self.count = 0
        self.alternatives = 0

    def leaves(self, headers: Headers, body: Buffer) -> Iterator[Part]:
        """Every leaf in order. Raises TooComplex at the limit, after the leaves before it."""
        yield from self._walk(headers, body, container="", alternative=0, depth=0, nesting=0)

    def _walk(
        self, headers: Headers, body: Buffer, *, container: str, alternative: int, depth: int, nesting: int
    ) -> Iterator[Part]:
        self._count(depth)
        kind = valued(headers.raw("content-type"))
        content_type = _type_of(kind, container)
        if content_type.startswith("multipart/"):
            inner = split_parts(body, kind.parameters.get("boundary", ""))
            if inner is not None:
                group = alternative
                if content_type == "multipart/alternative" and not group:
                    self.alternatives += 1
                    group = self.alternatives
                for piece in inner:
                    piece_headers, piece_body = split_headers(piece)
                    yield from self._walk(
                        piece_headers,
                        piece_body,
                        container=content_type,
                        alternative=group,
                        depth=depth + 1,
                        nesting=nesting,
                    )
                return
            # Announced in parts but not in parts: the whole is one text.
            content_type = "text/plain"
        leaf = _leaf(headers, kind, content_type, body, container, alternative, nesting)
        if content_type != "message/rfc822":
            yield leaf
            return
        inner_headers, inner_body = split_headers(memoryview(leaf.content().lstrip(b"\r\n")))
        yield _named_after(leaf, inner_headers)
        yield from self._walk(
            inner_headers, inner_body, container=content_type, alternative=0, depth=depth + 1, nesting=nesting + 1
        )

    def _count(self, depth: int) -> None:
        self.count += 1
        if self.count > MAX_PARTS:
            raise TooComplex(f"over {MAX_PARTS} parts")
        if depth > MAX_DEPTH:
            raise TooComplex(f"over {MAX_DEPTH} levels")


def _type_of(kind: Valued, container: str) -> str:
    default = "message/rfc822" if container == "multipart/digest" else "text/plain"
    found = kind.value
    if re.fullmatch(r"[\w.+-]+/[\w.+-]+", found, re.ASCII):
        return found
    # "text", "html" and the like.
    return "text/html" if found == "html" else default


def _leaf(
    headers: Headers, kind: Valued, content_type: str, body: Buffer, container: str, alternative: int, nesting: int
) -> Part:
    disposition = valued(headers.raw("content-disposition"))
    return Part(
        content_type=content_type,
        parameters=kind.parameters,
        disposition=disposition.value,
        name=disposition.parameters.get("filename") or kind.parameters.get("name") or "",
        encoding=headers.plain("content-transfer-encoding").lower().strip(" ;\"'"),
        content_id=headers.plain("content-id").strip("<> "),
        container=container,
        alternative=alternative,
        nesting=nesting,
        body=body,
    )


def _named_after(leaf: Part, inner: Headers) -> Part:
    """A forwarded message is known by its subject."""
    return Part(**{**leaf.__dict__, "subject": inner.text("subject")[:100]})


def split_parts(body: Buffer, boundary: str) -> list[Buffer] | None:
    """The pieces between the boundary lines; None when there is no such line. A missing last line is no matter."""
    mark = boundary.encode("utf-8", "surrogateescape").strip()
    line = _line_of(mark)
    if not mark or line.search(body) is None:
        found = _UNMARKED_BOUNDARY.match(body)
        if found is None:
            return None
        line = _line_of(found[1])
    pieces: list[Buffer] = []
    start: int | None = None
    for match in line.finditer(body):
        if start is not None:
            pieces.append(_without_last_line_end(body[start : match.start()]))
        start = None if match[1] else match.end() + 1
        if len(pieces) > MAX_PARTS or match[1]:
            break
    if start is not None and start < len(body):
        pieces.append(body[start:])
    return pieces or None


def _line_of(mark: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"^--" + re.escape(mark) + rb"(--)?[ \t]*\r?$", re.MULTILINE)


def _without_last_line_end(piece: Buffer) -> Buffer:
    """The line end before a boundary belongs to the boundary."""
    if piece[-2:] == b"\r\n":
        return piece[:-2]
    return piece[:-1] if piece[-1:] == b"\n" else piece
