"""HTML mail to text that reads like the mail did."""

import re
from html.parser import HTMLParser

import nh3

MAX_HTML = 2_000_000

_BREAKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"}
_ENDS_LINE = {*_BREAKS, "tr", "li", "br"}
_KEPT = {*_ENDS_LINE, "td", "th"}
_SPACES = re.compile(r"[ \t\n\f\r\xa0]+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


def declared_charset(html: bytes) -> str:
    """The charset a <meta> tag names; empty for none."""
    found = _META_CHARSET.search(html[:8_000])
    return found[1].decode("ascii", "ignore") if found else ""


def html_to_text(html: str) -> str:
    """The readable text; scripts, styles and comments are left out, quoted parts keep their mark."""
    # The cleaner knows broken HTML as browsers do; what comes out of it is small and well-formed.
    cleaned = nh3.clean(
        html[:MAX_HTML],
        tags=_KEPT,
        clean_content_tags={"script", "style", "title", "noscript", "template"},
        attributes={},
        strip_comments=True,
    )
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.quotes = 0
        self.preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.lines.append("")
            return
        if tag in _ENDS_LINE:
            self._new_line()
        if tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag == "li":
            self._add("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._new_line()
            self.quotes = max(self.quotes - 1, 0)
        elif tag == "pre":
            self.preformatted = max(self.preformatted - 1, 0)
        elif tag in ("td", "th"):
            self._add(" ")
        if tag in _ENDS_LINE and tag != "br":
            self._new_line(blank=tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6"))

    def handle_data(self, data: str) -> None:
        if not self.preformatted:
            self._add(_SPACES.sub(" ", data))
            return
        first, *others = data.split("\n")
        self._add(first)
        for line in others:
            self.lines.append("")
            self._add(line)

    def text(self) -> str:
        joined = "\n".join(line.strip() for line in self.lines)
        return re.sub(r"\n{3,}", "\n\n", joined).strip()

    def _add(self, text: str) -> None:
        if not self.lines[-1]:
            text = text if self.preformatted else text.lstrip()
            if text and self.quotes:
                self.lines[-1] = "> " * min(self.quotes, 10)
        self.lines[-1] += text

    def _new_line(self, *, blank: bool = False) -> None:
        if self.lines[-1].strip():
            self.lines.append("")
            if blank:
                self.lines.append("")
