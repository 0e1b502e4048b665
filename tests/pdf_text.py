"""The words of a PDF that `core.pdf` made, page by page, read back the way a viewer copies them."""

import re
import zlib

_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.S)
_SAID = re.compile(rb"\(((?:\\.|[^\\)])*)\) Tj", re.S)
_ESCAPE = re.compile(rb"\\(.)", re.S)
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _streams(content: bytes) -> list[bytes]:
    found = []
    for stream in _STREAM.findall(content):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            found.append(stream)
    return found


def pages(content: bytes) -> list[str]:
    """The text of every page, one line for every piece that was drawn."""
    streams = _streams(content)
    table = next(stream for stream in streams if b"beginbfchar" in stream)
    letters = {
        bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
        for code, text in re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>", table)
    }

    def words(raw: bytes) -> str:
        plain = _ESCAPE.sub(lambda found: _CONTROL.get(found[1], found[1]), raw)
        return "".join(letters.get(plain[at : at + 2], "?") for at in range(0, len(plain), 2))

    return ["\n".join(words(raw) for raw in _SAID.findall(stream)) for stream in streams if b" Tj" in stream]
