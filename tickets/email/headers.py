"""Header lines, encoded words (RFC 2047), parameters (RFC 2231) and addresses, read leniently."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote_to_bytes

from tickets.email.charsets import clean, decode

MAX_HEADER_BYTES = 1_000_000
MAX_HEADERS = 2_000
MAX_VALUE = 64_000

_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*")
_FOOTER = re.compile(rb"(?<=[A-Za-z0-9+/=])(?:\r?\n)+(?=--|__|[^\r\n ]+ [^\r\n ]+ )")
_MOST_BLOCKS = 200_000
_PARAMETER = re.compile(r"""([\w!#$&+.^`|~*-]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)""", re.ASCII)
_EXTENDED = re.compile(r"(.+?)\*(\d{1,3})?(\*)?$")
_ADDRESS = re.compile(r"""[^\s<>()\[\]"',;:@]+@[^\s<>()\[\]"',;:@]+|"[^"\n]{1,64}"@[^\s<>()"',;:@]+""")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")


@dataclass(frozen=True)
class Headers:
    """Header fields in order; values are unfolded bytes."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    #: What 8-bit bytes in headers are probably in, told by the text below: headers are too short to guess by.
    hint: str = ""

    def raw(self, name: str) -> bytes | None:
        """The first value of that name; None when the field is missing."""
        return next((value for known, value in self.fields if known == name), None)

    def text(self, name: str) -> str:
        """The decoded value on one line; empty when the field is missing."""
        return words(self.raw(name) or b"", self.hint)

    def plain(self, name: str) -> str:
        """The value before encoded words are read, for fields with a grammar."""
        return one_line(decode(self.raw(name) or b""))


def split_headers(message: bytes | memoryview) -> tuple[Headers, bytes | memoryview]:
    """The header fields and the rest. Lines that are no header are passed over, or begin the body."""
    head = bytes(message[:MAX_HEADER_BYTES])
    fields: list[tuple[str, bytes]] = []
    position = 0
    while position < len(head):
        end = head.find(b"\n", position)
        end = len(head) if end < 0 else end + 1
        line = head[position:end].rstrip(b"\r\n")
        if not line.strip():
            return Headers(fields), message[end:]
        if not _take_line(line, fields):
            break
        position = end
    return Headers(fields), message[position:]


def _take_line(line: bytes, fields: list[tuple[str, bytes]]) -> bool:
    """Add a line to the fields; False when the body has begun without an empty line."""
    if line.startswith((b"From ", b">From ")):
        return True
    # Some senders fold an encoded subject without indenting it.
    if fields and (line[:1] in b" \t" or line.startswith(b"=?")):
        name, value = fields[-1]
        if len(value) < MAX_VALUE:
            fields[-1] = (name, value + b" " + line.strip())
        return True
    match = _NAME.fullmatch(line)
    if match is None:
        return False
    if len(fields) < MAX_HEADERS:
        fields.append((match[1].decode("ascii").lower(), match[2].strip()[:MAX_VALUE]))
    return True


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


# Encoded words


def words(value: bytes, hint: str = "") -> str:
    """A header value with its encoded words read, on one line. `hint`: charset of bytes that declare none."""
    return one_line("".join(_read_runs(value, hint)))


def _read_runs(value: bytes, hint: str) -> Iterator[str]:
    """Text piece by piece. Neighbouring words of one charset are read together: senders cut characters in two."""
    charset = ""
    waiting: list[tuple[bool, bytes]] = []
    position = 0
    for start, end, word_charset, is_base64, content in _encoded_words(value):
        between = value[position:start]
        if between.strip() or word_charset.lower() != charset.lower():
            yield decode(_run(waiting), charset)
            waiting = []
            yield decode(between, hint) if between.strip() or not position else ""
        charset = word_charset
        if waiting and is_base64 and waiting[-1][0] and not waiting[-1][1].endswith(b"="):
            # Some cut the base64 text, not the words: it fits together only as one.
            waiting[-1] = (True, waiting[-1][1] + content)
        else:
            waiting.append((is_base64, content))
        position = end
    yield decode(_run(waiting), charset)
    yield decode(value[position:], hint)


def _run(words_: list[tuple[bool, bytes]]) -> bytes:
    return b"".join(_base64(content) if is_base64 else _q(content) for is_base64, content in words_)


def _encoded_words(value: bytes) -> Iterator[tuple[int, int, str, bool, bytes]]:
    """(start, end, charset, is base64, content) of each encoded word. Scans forward only: no input is slow."""
    position = 0
    while (start := value.find(b"=?", position)) >= 0:
        kind_at = value.find(b"?", start + 2, start + 70)
        kind = value[kind_at + 1 : kind_at + 2].lower()
        if kind_at < 0 or value[kind_at + 2 : kind_at + 3] != b"?" or kind not in (b"b", b"q"):
            position = start + 2
            continue
        end = value.find(b"?=", kind_at + 3)
        if end < 0:
            # The last word was cut off; what is left of it is still worth reading.
            end = len(value)
        charset = value[start + 2 : kind_at].decode("ascii", "replace")
        yield start, min(end + 2, len(value)), charset, kind == b"b", value[kind_at + 3 : end].strip()
        position = end + 2


def _q(content: bytes) -> bytes:
    return binascii.a2b_qp(content.replace(b" ", b"_"), header=True)


def _base64(content: bytes) -> bytes:
    kept = _NOT_BASE64.sub(b"", content)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return base64.b64decode(kept + b"=" * (-len(kept) % 4))


def lenient_base64(content: bytes) -> bytes:
    """What base64 says, with foreign characters passed over.

    Padding ends it, unless more base64 follows (some senders encode line by line); a footer does not count.
    """
    decoded: list[bytes] = []
    footer = _FOOTER.search(content)
    content = content[: footer.start()] if footer else content
    for block in islice(re.finditer(rb"[^=]+", content), _MOST_BLOCKS):
        if not block[0].strip():
            continue
        if decoded and not _BASE64.fullmatch(block[0]):
            break
        decoded.append(_base64(block[0]))
    return b"".join(decoded)


# Parameters


@dataclass(frozen=True)
class Valued:
    """A value such as `text/plain` with its parameters."""

    value: str
    parameters: dict[str, str]


def valued(raw: bytes | None, hint: str = "") -> Valued:
    """Content-Type or Content-Disposition, with parameters in any of the forms in use."""
    if raw is None:
        return Valued("", {})
    plain = re.match(rb"[^;]*", raw)
    head = (plain[0] if plain else b"").decode("ascii", "ignore").strip().lower()
    # A forgotten semicolon: "text/html charset=utf-8".
    head = head.split()[0] if head.split() else ""
    rest = raw.decode("utf-8", "surrogateescape")
    simple: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, given in _PARAMETER.findall(rest):
        value = _unquoted(given)
        extended = _EXTENDED.match(name)
        if extended:
            number = int(extended[2] or 0)
            is_encoded = bool(extended[3]) or extended[2] is None
            pieces.setdefault(extended[1].lower(), {})[number] = (value, is_encoded)
        else:
            simple.setdefault(name.lower(), words(_bytes(value), hint))
    joined = {name: _joined(found) for name, found in pieces.items()}
    return Valued(head, {**simple, **{name: text for name, text in joined.items() if text}})


def _unquoted(given: str) -> str:
    given = given.strip()
    if not given.startswith('"'):
        return given
    inner = given[1:-1] if len(given) > 1 and given.endswith('"') else given[1:]
    return re.sub(r"\\(.)", r"\1", inner)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 continuations: name*0*=utf-8''%E6.. name*1=..."""
    charset, content = "", b""
    for number in sorted(pieces):
        value, is_encoded = pieces[number]
        if number == min(pieces) and is_encoded and value.count("'") >= 2:
            charset, _language, value = value.split("'", 2)
        content += unquote_to_bytes(_bytes(value)) if is_encoded else _bytes(value)
    text = one_line(decode(content, charset))
    return words(content) if text.startswith("=?") else text


# Addresses and message ids


def address_of(value: bytes | None, hint: str = "") -> tuple[str, str]:
    """(display name, bare lower-case address) of the first mailbox; empty strings for what is not there."""
    if not value:
        return "", ""
    for text in (one_line(decode(value, hint)), words(value, hint)):
        address, start = _find_address(text)
        if address:
            name = words(_bytes(text[:start])).strip(" \"'<,;")
            return name or _comment(text[start:]), address.lower()
    return words(value, hint).strip(" \"'<>"), ""


def _find_address(text: str) -> tuple[str, int]:
    """The address and where it or its bracket starts: in angle brackets if anywhere."""
    for angle in re.finditer(r"<([^<>]{1,1000})>", text):
        bare = re.sub(r"^mailto:|\s", "", angle[1], flags=re.IGNORECASE)
        found = _ADDRESS.search(bare) or re.fullmatch(r"[\w.+-]{1,64}", bare)  # <MAILER-DAEMON>
        if found:
            return found[0].strip(".'"), angle.start()
    found = _ADDRESS.search(text)
    return (found[0].strip(".'"), found.start()) if found else ("", 0)


def _comment(text: str) -> str:
    """Old style: address (Name)."""
    found = re.search(r"\(([^()]{1,200})\)", text)
    return words(_bytes(found[1])).strip() if found else ""


def message_ids(value: str) -> list[str]:
    """The ids in a References, In-Reply-To or Message-ID field, without brackets."""
    found = _MESSAGE_ID.findall(value)
    return found or [part for part in value.split() if "@" in part and len(part) <= 500]
