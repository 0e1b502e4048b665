"""HTML mail to text that reads like the mail did.

One pass from left to right over tags and text: no tree is built, because mail nests tags
as deep as somebody likes, and trees of that take quadratic time.
"""

import html
import re
from collections.abc import Iterator
from itertools import islice

MAX_HTML = 2_000_000
MAX_TOKENS = 200_000

_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {*_PARAGRAPHS, "div", "ul", "ol", "table", "tr", "li", "blockquote", "pre", "hr", "section", "article"}
_LEFT_OUT = {"script", "style", "title", "noscript", "template", "xml"}
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_SPACES = re.compile(r"[ \t\n\f\r\xa0]+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_LONGEST_ATTRIBUTE = 5_000


def declared_charset(content: bytes) -> str:
    """The charset a <meta> tag names; empty for none."""
    found = _META_CHARSET.search(content[:8_000])
    return found[1].decode("ascii", "ignore") if found else ""


def html_to_text(source: str) -> str:
    """The readable text; scripts, styles and comments are left out, quoted parts keep their mark."""
    page = _Page()
    for is_tag, token in islice(_Scanner(source[:MAX_HTML]).tokens(), MAX_TOKENS):
        if is_tag:
            page.tag(token)
        else:
            page.words(html.unescape(token))
    return page.text()


class _Scanner:
    """Splits into tags ("p", "/p") and text. What looks for an end and finds none looks only once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lower = source.lower()
        self.missing: set[str] = set()

    def tokens(self) -> Iterator[tuple[bool, str]]:
        position = 0
        while (start := self.source.find("<", position)) >= 0:
            if start > position:
                yield False, self.source[position:start]
            tag, position = self._tag(start)
            if tag is None:
                yield False, self.source[start:position]
            elif tag:
                yield True, tag
                if tag in _LEFT_OUT:
                    position = self._skip(tag, position)
        yield False, self.source[position:]

    def _skip(self, tag: str, position: int) -> int:
        """Behind the end of an element whose content is not text."""
        end = self._after(f"</{tag}", position)
        return position if end is None else self._after(">", end) or end

    def _tag(self, start: int) -> tuple[str | None, int]:
        """The tag's name and where it ends; empty for a comment, None for a lone sign."""
        source = self.source
        if source.startswith("<!--", start):
            return "", self._after("-->", start) or start + 4
        match = _TAG.match(source, start)
        if match is None and source[start + 1 : start + 2] not in ("!", "?"):
            return None, start + 1
        end = self._after(">", start)
        if end is None:
            return None, start + 1
        if match is None:
            return "", end
        if source.count('"', start, end) % 2:
            # A sign inside quotes: title="a > b".
            quote = source.find('"', end, end + _LONGEST_ATTRIBUTE)
            end = (self._after(">", quote) or end) if quote >= 0 else end
        return ("/" if source[start + 1] == "/" else "") + match[1].lower(), end

    def _after(self, what: str, start: int) -> int | None:
        if what in self.missing:
            return None
        found = self.lower.find(what, start)
        if found < 0:
            self.missing.add(what)
            return None
        return found + len(what)


class _Page:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.preformatted = 0

    def tag(self, tag: str) -> None:
        name = tag.removeprefix("/")
        is_end = tag.startswith("/")
        if name == "br":
            self._break(always=True)
        elif name in _BLOCKS:
            self._break()
        if name == "blockquote":
            self.quotes = max(self.quotes + (-1 if is_end else 1), 0)
        elif name == "pre":
            self.preformatted = max(self.preformatted + (-1 if is_end else 1), 0)
        elif name == "li" and not is_end:
            self.line.append("- ")
        elif name in ("td", "th") and is_end:
            self.line.append(" ")
        elif name in _PARAGRAPHS and is_end and self.lines and self.lines[-1]:
            self.lines.append("")

    def words(self, text: str) -> None:
        if not self.preformatted:
            self.line.append(_SPACES.sub(" ", text))
            return
        first, *others = text.split("\n")
        self.line.append(first)
        for other in others:
            self._break(always=True)
            self.line.append(other)

    def text(self) -> str:
        self._break()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip()

    def _break(self, *, always: bool = False) -> None:
        """End the line; an empty one counts only when asked for."""
        if not self.line and not always:
            return
        content = "".join(self.line)
        content = content.rstrip() if self.preformatted else _SPACES.sub(" ", content).strip()
        self.line.clear()
        if content or always:
            self.lines.append(("> " * min(self.quotes, 10) + content).rstrip() if content else "")
