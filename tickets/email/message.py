"""A mail as the rest of the product sees it."""

import mimetypes
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from tickets.email.automatic import Automatic, automatic
from tickets.email.charsets import LENIENT, clean, codec_for, decode, guess_charset
from tickets.email.headers import Headers, address_of, message_ids, split_headers
from tickets.email.html import declared_charset, html_to_text
from tickets.email.mime import MAX_BYTES, Part, TooComplex, Walker
from tickets.email.quoting import fold_history

# Text that is not there to be read: a calendar entry, the headers of a returned mail.
_NOT_PROSE = {"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/rfc822-headers", "text/x-amp-html"}
_NEEDS_HTML = re.compile(r"html", re.IGNORECASE)
_REPLY_SUBJECT = re.compile(r"^\s*(re|aw|sv|回复|答复|回覆|答覆)\s*[:：]", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
# A megabyte is a thick book; what is longer stays in the original.
MAX_TEXT_BYTES = 2_000_000
_STUB_LENGTH = 300


@dataclass(frozen=True)
class MailFile:
    """A part to keep as a file."""

    name: str
    content_type: str
    part: Part

    def content(self) -> bytes:
        return self.part.content()


@dataclass(frozen=True)
class Mail:
    """What was read. `fault` says why the mail cannot be taken in; the other fields hold what could be read."""

    message_id: str = ""
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    files: list[MailFile] = field(default_factory=list)
    #: Every leaf, for showing the mail as it looked.
    parts: list[Part] = field(default_factory=list, repr=False)
    references: list[str] = field(default_factory=list)
    is_reply: bool = False
    automatic: Automatic | None = None
    fault: str = ""

    @property
    def html(self) -> str:
        """The HTML it was written in; empty when it was plain text."""
        pages = [part for part in self.parts if part.content_type == "text/html" and not part.nesting]
        return "\n".join(_html(part) for part in pages if not _is_file(part))

    @property
    def body(self) -> str:
        """The text without the history an answer quotes."""
        return fold_history(self.text) if self.is_reply else self.text


def read_mail(raw: bytes, *, own: Collection[str] = ()) -> Mail:
    """Read one message; anything readable is read, nothing raises. `own`: our addresses, to notice loops."""
    fault = "too_large" if len(raw) > MAX_BYTES else ""
    content = _begin(raw[: MAX_BYTES + 1])
    headers, body = split_headers(memoryview(content))
    headers = Headers(headers.fields, _hint(content))
    if not headers.fields and not bytes(body[:1000]).strip():
        fault = fault or "empty"
    parts: list[Part] = []
    try:
        parts.extend(Walker().leaves(headers, body))
    except TooComplex:
        fault = fault or "too_complex"
    name, address = _sender(headers)
    subject = headers.text("subject")
    prose, files = _sort(parts)
    references = message_ids(headers.plain("in-reply-to")) + message_ids(headers.plain("references"))[::-1]
    return Mail(
        message_id=next(iter(message_ids(headers.plain("message-id"))), ""),
        sender=address,
        sender_name=name,
        subject=subject,
        text="\n\n".join(text for text in prose if text),
        files=_named(files),
        parts=parts,
        references=list(dict.fromkeys(references))[:50],
        is_reply=bool(references) or _REPLY_SUBJECT.match(subject) is not None,
        automatic=automatic(headers, sender=address, subject=subject, own=own),
        fault=fault,
    )


def _begin(raw: bytes) -> bytes:
    """Without byte mark and empty lines in front; old Macintosh line ends as line feeds."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _hint(content: bytes) -> str:
    """The charset the mail speaks of first, or that its 8-bit lines seem to be in."""
    named = _CHARSET.search(content[:50_000])
    codec = codec_for(named[1].decode("ascii")) if named else None
    # Headers are written in a superset of ASCII, whatever the text below is in.
    if codec and codec not in LENIENT and b"From".decode(codec, "replace") == "From":
        return codec
    return guess_charset(b"\n".join(line for line in content[:50_000].split(b"\n") if not line.isascii()))


def _sender(headers: Headers) -> tuple[str, str]:
    """Who wrote: From, else the next best field."""
    best = ""
    for field_name in ("from", "sender", "reply-to", "return-path"):
        name, address = address_of(headers.raw(field_name), headers.hint)
        best = best or name
        if address:
            return best, address
    return best, ""


# What is text and what is a file


def _sort(parts: list[Part]) -> tuple[list[str], list[Part]]:
    """The texts to read, in order, and the files."""
    files = [part for part in parts if _is_file(part)]
    readable = [part for part in parts if _is_prose(part)]
    texts = _texts([part for part in readable if not _is_file(part) and not part.nesting])
    if not any(texts):
        # A mail that is only a named text, or only another mail passed on: then that is what there is to read.
        named = [part for part in readable if part.disposition != "attachment" and not part.nesting]
        texts = _texts(named) or _texts([part for part in readable if part.nesting and not _is_file(part)])
    return texts, files


def _is_file(part: Part) -> bool:
    """Every part with a file name or no text; signatures are about the mail, not in it."""
    if part.is_signature:
        return False
    return bool(part.name) or not part.is_text or part.disposition == "attachment"


def _is_prose(part: Part) -> bool:
    return part.is_text and part.content_type not in _NOT_PROSE


def _texts(parts: list[Part]) -> list[str]:
    """One text for each group of alternatives, and every other text."""
    groups: dict[int, list[Part]] = {}
    for index, part in enumerate(parts):
        groups.setdefault(part.alternative or -index - 1, []).append(part)
    return [text for text in (_best(group) for group in groups.values()) if text]


def _best(group: list[Part]) -> str:
    plain = "\n\n".join(filter(None, (_text(part) for part in group if part.content_type != "text/html")))
    if len(group) == 1 and plain:
        return plain
    html = [part for part in group if part.content_type == "text/html"]
    is_stub = len(plain) < _STUB_LENGTH and _NEEDS_HTML.search(plain) is not None
    if (not plain or is_stub) and html:
        return "\n\n".join(filter(None, (_text(part) for part in html))) or plain
    return plain


def _text(part: Part) -> str:
    content = part.content()[:MAX_TEXT_BYTES]
    if part.content_type == "text/html":
        return clean(html_to_text(_html(part))).strip()
    text = clean(decode(content, part.parameters.get("charset", "")))
    if part.parameters.get("format", "").lower() == "flowed":
        text = _unflow(text, joins_tight=part.parameters.get("delsp", "").lower() == "yes")
    if part.content_type in ("text/enriched", "text/richtext"):
        text = re.sub(r"<[^<>]{1,100}>", "", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _html(part: Part) -> str:
    content = part.content()[:MAX_TEXT_BYTES]
    return clean(decode(content, part.parameters.get("charset", "") or declared_charset(content)))


def _unflow(text: str, *, joins_tight: bool) -> str:
    """RFC 3676: a line that ends in a space goes on in the next."""
    out: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        is_soft = line.endswith(" ") and line != "-- "
        content = line[:-1] if is_soft and joins_tight else line
        if goes_on and not line.startswith(">"):
            out[-1] += content
        else:
            out.append(content)
        goes_on = is_soft and not line.startswith(">")
    return "\n".join(out)


# Names


def _named(parts: list[Part]) -> list[MailFile]:
    return [
        MailFile(part.name or _invented(part, index), part.content_type, part) for index, part in enumerate(parts, 1)
    ]


def _invented(part: Part, index: int) -> str:
    """A name for a part that came without one."""
    if part.content_type == "message/rfc822":
        return f"{part.subject or 'message'}.eml"
    if part.content_type == "application/ms-tnef":
        return "winmail.dat"
    ending = {"message/delivery-status": ".txt", "image/jpeg": ".jpg", "text/plain": ".txt"}.get(part.content_type)
    return (
        f"{part.content_type.split('/')[0]}-{index}{ending or mimetypes.guess_extension(part.content_type) or '.bin'}"
    )
