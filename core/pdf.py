"""PDF documents: A4, page numbers, a table of contents, Chinese in a font that travels inside the file.

Only the glyphs that are used are embedded. The same content at the same moment gives the same bytes.
"""

import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont
from PIL import Image, ImageOps, UnidentifiedImageError
from pylopdf_fonts_zh_cn import sans_path

FONT = "noto"
TEXT, NOTE = 10.0, 7.5
HEADINGS = (14.0, 11.5)
_MARGIN, _LABEL, _NUMBER, _LINE = 18.0, 34.0, 14.0, 0.6
_GREY, _BLACK = 110, 20
#: Decoders for what people send; nothing that starts another program.
PICTURES = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
#: A picture above this is named only: it would fill the memory of the process.
MOST_PIXELS = 60_000_000
#: Longest side on paper, in pixels: sharp enough to read a screenshot.
_PIXELS, _QUALITY = 1600, 85


class _Pages(FPDF):
    """A4 pages with title and page number at their foot."""

    foot = ""

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font(FONT, size=NOTE)
        self.set_text_color(_GREY)
        self.cell(0, 6, self.foot, align="L")
        self.set_x(self.l_margin)
        self.cell(0, 6, f"{self.page_no()} / {self.str_alias_nb_pages}", align="R")
        self.set_text_color(_BLACK)


@dataclass
class _Entry:
    """A line of the contents: where it stands, and the page its heading came to stand on."""

    link: int
    page: int
    y: float
    leads_to: int | None = None


class Document:
    """One document, written from top to bottom. `foot` stands on every page."""

    def __init__(self, *, title: str, foot: str, author: str, at: datetime) -> None:
        self._pdf = _Pages(format="A4", unit="mm")
        self._pdf.add_font(FONT, fname=str(sans_path()))
        font = self._pdf.fonts[FONT]
        assert isinstance(font, TTFFont)
        self._known = font.cmap
        self._pdf.foot = self._drawn(foot)
        self._pdf.set_title(title)
        self._pdf.set_author(author)
        self._pdf.set_lang("zh-CN")
        self._pdf.set_creation_date(at)
        self._pdf.set_margin(_MARGIN)
        self._pdf.set_auto_page_break(auto=True, margin=_MARGIN)
        self._pdf.set_text_color(_BLACK)
        self._pdf.add_page()
        self._entries: dict[str, _Entry] = {}

    def _drawn(self, text: str) -> str:
        """What the font can draw: nothing is lost, a sign without a glyph stands as its code point."""
        kept = []
        for ch in text.replace("\r\n", "\n").replace("\t", "    "):
            if ch == "\n" or ord(ch) in self._known:
                kept.append(ch)
            elif unicodedata.category(ch) not in ("Cf", "Cc", "Mn"):
                kept.append(f"[U+{ord(ch):04X}]")
        return "".join(kept)

    def _lines(self, text: str, size: float, *, width: float = 0, grey: bool = False, link: int = 0) -> None:
        self._pdf.set_font(FONT, size=size)
        self._pdf.set_text_color(_GREY if grey else _BLACK)
        self._pdf.multi_cell(
            width, size * _LINE, self._drawn(text), align="L", wrapmode=WrapMode.CHAR, link=link or None,
            new_x=XPos.LMARGIN, new_y=YPos.NEXT,
        )  # fmt: skip
        self._pdf.set_text_color(_BLACK)

    def title(self, text: str, below: str = "") -> None:
        """The big line of the cover."""
        self._pdf.ln(22)
        self._lines(text, 24)
        if below:
            self._lines(below, 12, grey=True)
        self._pdf.ln(8)

    def heading(self, text: str, level: int = 0) -> None:
        """A heading that stands in bookmarks and contents; it never ends a page."""
        if self._pdf.will_page_break(28 if level else 38):
            self._pdf.add_page()
        elif level == 0:
            self._pdf.ln(5)
        self._pdf.ln(2)
        self._pdf.start_section(self._drawn(text), level=level)
        entry = self._entries.get(text)
        if entry is not None:
            entry.leads_to = self._pdf.page
            self._pdf.set_link(entry.link, y=self._pdf.get_y(), page=entry.leads_to)
        self._lines(text, HEADINGS[level])
        if level == 0:
            y = self._pdf.get_y() + 0.5
            self._pdf.set_draw_color(190)
            self._pdf.line(_MARGIN, y, self._pdf.w - _MARGIN, y)
        self._pdf.ln(1.5)

    def pairs(self, rows: Iterable[tuple[str, str]]) -> None:
        """Lines of a name and what is said about it; empty ones are left out."""
        for name, value in rows:
            if not value:
                continue
            if self._pdf.will_page_break(TEXT * _LINE * 2):
                self._pdf.add_page()
            self._pdf.set_font(FONT, size=TEXT)
            self._pdf.set_text_color(_GREY)
            page, y = self._pdf.page, self._pdf.get_y()
            self._pdf.multi_cell(
                _LABEL, TEXT * _LINE, self._drawn(name), align="L", wrapmode=WrapMode.CHAR,
                new_x=XPos.LMARGIN, new_y=YPos.NEXT,
            )  # fmt: skip
            below = self._pdf.get_y()
            self._pdf.set_xy(_MARGIN + _LABEL + 2, y)
            left, self._pdf.l_margin = self._pdf.l_margin, _MARGIN + _LABEL + 2
            self._lines(value, TEXT)
            self._pdf.set_left_margin(left)
            if self._pdf.page == page:
                self._pdf.set_y(max(below, self._pdf.get_y()))
            self._pdf.set_x(left)

    def text(self, text: str) -> None:
        self._lines(text, TEXT)

    def note(self, text: str) -> None:
        """Small and grey: hashes, moments, what is said about something else."""
        self._lines(text, NOTE, grey=True)

    def gap(self) -> None:
        self._pdf.ln(2)

    def contents(self, title: str, entries: Iterable[tuple[str, str]]) -> None:
        """A table of contents on pages of its own: headings that will follow, each with a note below it. Their
        page numbers are filled in when they are known."""
        self._pdf.add_page()
        self._lines(title, HEADINGS[0])
        self._pdf.ln(2)
        for name, note in entries:
            if self._pdf.will_page_break(TEXT * _LINE * 3):
                self._pdf.add_page()
            entry = _Entry(link=self._pdf.add_link(), page=self._pdf.page, y=self._pdf.get_y())
            self._entries[name] = entry
            self._lines(name, TEXT, width=self._pdf.epw - _NUMBER, link=entry.link)
            if note:
                self._lines(note, NOTE, grey=True)
            self._pdf.ln(1)
        self._pdf.add_page()

    def _number_contents(self) -> None:
        pdf, last = self._pdf, (self._pdf.page, self._pdf.get_y())
        for entry in self._entries.values():
            if entry.leads_to is None:
                continue
            pdf.page = entry.page
            pdf.set_xy(pdf.w - _MARGIN - _NUMBER, entry.y)
            # Said twice, so that the page hears of it: it remembers the font of its foot.
            pdf.set_font(FONT, size=NOTE)
            pdf.set_font(FONT, size=TEXT)
            pdf.cell(_NUMBER, TEXT * _LINE, str(entry.leads_to), align="R", link=entry.link)
        pdf.page = last[0]
        pdf.set_xy(_MARGIN, last[1])
        pdf.set_font(FONT, size=NOTE)

    def picture(self, source: IO[bytes]) -> bool:
        """A picture as wide as the page allows; False when it cannot be shown."""
        drawn = _jpeg(source)
        if drawn is None:
            return False
        with Image.open(drawn, formats=("JPEG",)) as image:
            width, height = image.size
        scale = min(self._pdf.epw / width, 150 / height, 25.4 / 96)
        if self._pdf.will_page_break(height * scale):
            self._pdf.add_page()
        drawn.seek(0)
        self._pdf.image(drawn, w=width * scale, h=height * scale)
        self._pdf.ln(2)
        return True

    def content(self) -> bytes:
        """The finished file."""
        self._number_contents()
        return bytes(self._pdf.output())


def _jpeg(source: IO[bytes]) -> io.BytesIO | None:
    """The picture upright, on white, no larger than paper shows; None when it is none or far too large."""
    try:
        with Image.open(source, formats=PICTURES) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((_PIXELS, _PIXELS))
            page = Image.new("RGB", upright.size, "white")
            layered = upright.convert("RGBA")
            page.paste(layered, mask=layered)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        # What a broken file makes the decoders raise; the file itself stands in the archive as it is.
        return None
    kept = io.BytesIO()
    page.save(kept, "JPEG", quality=_QUALITY)
    kept.seek(0)
    return kept
