"""A mail as its sender saw it, with everything taken out that could act: for a frame without scripts.

What is left are words, tables, colours and pictures. Pictures that came with the mail are written into the
page; those that would have to be fetched are left out until somebody asks for them, because fetching tells
the sender who read the mail, when and where. Quoted history is folded.
"""

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import nh3

from tickets.email.html import MAX_HTML
from tickets.email.message import Mail

MAX_DEPTH = 500
MOST_TAGS = 60_000
MOST_PICTURE_BYTES = 10 * 1024 * 1024

_TAGS = {
    "a", "abbr", "address", "b", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "bgcolor", "dir", "height", "style", "title", "valign", "width"},
    "a": {"href"},
    "font": {"color", "face", "size"},
    "img": {"alt", "src"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-spacing", "border-style", "border-top", "border-width", "color", "font-family", "font-size", "font-style",
    "font-weight", "height", "letter-spacing", "line-height", "margin", "margin-bottom", "margin-left",
    "margin-right", "margin-top", "max-width", "padding", "padding-bottom", "padding-left", "padding-right",
    "padding-top", "text-align", "text-decoration", "text-indent", "vertical-align", "white-space", "width",
}  # fmt: skip
_WITHOUT_CONTENT = {"script", "style", "title", "noscript", "template", "iframe", "object", "svg", "math", "xml"}
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
#: As the sanitiser writes them: lower case, attributes in double quotes.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s[^\s"<>=]+(?:="[^"]*")?)*)\s*/?>')
_VOID = {"br", "col", "hr", "img", "wbr"}
_HOLDERS = {"div", "p", "td"}
_HISTORY = re.compile(
    r"^\s*-{2,}\s*(?:原始邮件|原始郵件|原邮件|回复的原邮件|Original Message|Original)\s*-{2,}\s*$", re.IGNORECASE
)
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_SHOWN_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """`content` is safe HTML; `left_out` counts the pictures that would have to be fetched."""

    content: str
    left_out: int


def show(mail: Mail, *, fold: str, remote: bool = False, mask: Callable[[str], str] = str) -> Shown:
    """The mail for reading. `fold`: the words that open quoted history; `mask` is applied to all text."""
    source = mail.html[:MAX_HTML]
    if not source.strip() or _is_too_deep(source):
        return Shown(_plain(mail, fold, mask), 0)
    pictures = _Pictures(mail, remote)
    cleaned = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_WITHOUT_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=pictures.filter,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )
    return Shown(_Folder(cleaned, fold, mask).folded(), pictures.left_out)


def _is_too_deep(source: str) -> bool:
    """Trees of such mails take long to build; they are shown as text."""
    depth = deepest = 0
    for count, match in enumerate(_OPENING.finditer(source)):
        if match[2].lower() not in _VOID:
            depth = max(depth + (-1 if match[1] else 1), 0)
            deepest = max(deepest, depth)
        if deepest > MAX_DEPTH or count > MOST_TAGS:
            return True
    return False


def _plain(mail: Mail, fold: str, mask: Callable[[str], str]) -> str:
    """Text, with what the answer quotes folded below it."""
    own = mail.body.strip()
    history = mail.text.removeprefix(own).strip() if mail.text.startswith(own) and own != mail.text.strip() else ""
    shown = f'<pre class="text">{html.escape(mask(own or mail.text))}</pre>'
    if history:
        shown += f'{_details(fold)}<pre class="text">{html.escape(mask(history))}</pre></details>'
    return shown


def _details(fold: str) -> str:
    return f"<details><summary>{html.escape(fold)}</summary>"


class _Pictures:
    """Decides about every attribute the sanitiser lets through."""

    def __init__(self, mail: Mail, remote: bool) -> None:
        self.by_id = {part.content_id.lower(): part for part in mail.parts if part.content_id}
        self.remote = remote
        self.left_out = 0
        self.room = MOST_PICTURE_BYTES

    def filter(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if _SHOWN_LINK.match(value.strip()) else None
        if attribute == "src":
            return self._source(value.strip())
        if attribute == "style" and "url(" in value.lower():
            return None
        return value

    def _source(self, value: str) -> str | None:
        if value.lower().startswith("cid:"):
            return self._enclosed(value[4:].strip("<> ").lower())
        if _DATA_PICTURE.fullmatch(value):
            self.room -= len(value)
            return value if self.room > 0 else None
        if _REMOTE.match(value) and self.remote:
            return value
        self.left_out += 1 if _REMOTE.match(value) else 0
        return None

    def _enclosed(self, content_id: str) -> str | None:
        """A picture that came with the mail, if its bytes are those of a picture."""
        part = self.by_id.get(content_id)
        if part is None:
            return None
        content = part.content()
        kind = next((kind for mark, kind in _PICTURES if content.startswith(mark)), "")
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            kind = "image/webp"
        self.room -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode()}" if kind and self.room > 0 else None


class _Folder:
    """Folds quoted history in sanitised HTML, and masks its text. One pass; tags are known to be balanced."""

    def __init__(self, source: str, fold: str, mask: Callable[[str], str]) -> None:
        self.source = source
        self.fold = fold
        self.mask = mask
        self.out: list[str] = []
        #: Open elements: tag, and where it begins in `out`.
        self.stack: list[tuple[str, int]] = []
        #: The depth at whose end the open fold closes, and whether before or behind that end tag; 0 for none.
        self.closes_at = 0
        self.closes_inside = False

    def folded(self) -> str:
        position = 0
        for match in _TAG.finditer(self.source):
            self._text(self.source[position : match.start()])
            position = match.end()
            if match[1]:
                self._close(match[0])
            else:
                self._open(match[2], match[0])
        self._text(self.source[position:])
        while self.stack:
            self._close(f"</{self.stack[-1][0]}>")
        if self.closes_at:
            self.out.append("</details>")
        return "".join(self.out)

    def _text(self, escaped: str) -> None:
        if not escaped:
            return
        text = html.unescape(escaped)
        if not self.closes_at and _HISTORY.match(text):
            self._fold_from_here()
        self.out.append(html.escape(self.mask(text)))

    def _fold_from_here(self) -> None:
        """A line that says "original message": everything from its block to the end of what holds the block."""
        held = next((place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place][0] in _HOLDERS), None)
        if held is None:
            return
        self.out.insert(self.stack[held][1], _details(self.fold))
        self.stack = [(tag, start + 1 if place >= held else start) for place, (tag, start) in enumerate(self.stack)]
        self.closes_at, self.closes_inside = held or -1, True

    def _open(self, tag: str, written: str) -> None:
        if tag in _VOID:
            self.out.append(written)
            return
        if tag == "blockquote" and not self.closes_at:
            self.out.append(_details(self.fold))
            self.stack.append((tag, len(self.out)))
            self.closes_at, self.closes_inside = len(self.stack), False
        else:
            self.stack.append((tag, len(self.out)))
        self.out.append(written)

    def _close(self, written: str) -> None:
        if not self.stack:
            return
        ends_fold = self.closes_at == len(self.stack)
        self.stack.pop()
        if ends_fold:
            self.closes_at = 0
        if ends_fold and self.closes_inside:
            self.out.append("</details>")
        self.out.append(written)
        if ends_fold and not self.closes_inside:
            self.out.append("</details>")
