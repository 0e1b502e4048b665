"""Bytes to text, whatever the mail claims about them."""

import codecs
import re

from core.text import FORBIDDEN_IN_TEXT

# What senders write, and the encoding that is a superset of it and decodes what they mean.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "gb231280": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows936": "gb18030",
    "euccn": "gb18030",
    "chinese": "gb18030",
    "hzgb2312": "hz",
    "big5": "big5hkscs",
    "xbig5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cnbig5": "big5hkscs",
    "cp950": "cp950",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "ksc56011987": "cp949",
    "euckr": "cp949",
    "windows949": "cp949",
    "unicode11utf7": "utf-7",
    "utf8mb4": "utf-8",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "usascii": "ascii",
    "ansix341968": "ascii",
    "646": "ascii",
}
_NOT_TEXT = {"unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "mbcs", "oem"}
# Single-byte encodings decode anything, so that they decode proves nothing.
LENIENT = {"ascii", "cp1252", "latin-1"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_unwanted = re.compile(f"[{FORBIDDEN_IN_TEXT}\ud800-\udfff\ufeff]")
_ASIAN_UTF8 = re.compile(rb"[\xe2-\xef][\x80-\xbf]{2}")
_UNLIKELY = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]")
# The commonest characters of Chinese text, simplified and traditional: a wrong guess hits hardly any.
_COMMON = frozenset(
    "的一是不了我在有这个人你们来到说要就出会也时为他上大下和得可以那子后都没好看起发家能对天事么"
    "還這個們來說會時為後沒發對麼請問您嗎收货物退款单订商品客服快递件地址电话谢请问吗"
    "貨單訂電話謝遞質量损坏换修到没收天月日年号店里多少钱元价格投诉回复邮件附原始主题"
)
# Both sets put the characters in daily use first; a wrong reading scatters over the rare ones.
_DAILY = {"gb18030": ("gb2312", 0xB0, 0xD7), "big5hkscs": ("big5", 0xA4, 0xC6), "cp950": ("big5", 0xA4, 0xC6)}


def codec_for(name: str) -> str | None:
    """The Python codec a declared charset means; None for unknown words and codecs that are no charset."""
    bare = name.strip().strip("'\"").split("*")[0].lower()
    meant = _MEANT.get(re.sub(r"[^a-z0-9]", "", bare))
    if meant is not None:
        return meant
    try:
        info = codecs.lookup(bare)
    except (LookupError, ValueError):
        return None
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_TEXT else None


def decode(data: bytes, declared: str = "") -> str:
    """The text of the bytes: as declared where that works, else by looking at them. Never raises."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    codec = codec_for(declared) if declared else None
    if codec is not None and codec not in LENIENT:
        # UTF-8 under another label is common; text in another encoding is never well-formed UTF-8 by chance.
        is_utf8 = _ASIAN_UTF8.search(data) is not None and _decode_strictly(data, "utf-8") is not None
        found = _decode_as(data, "utf-8" if is_utf8 else codec)
        if found is not None:
            return found
    if b"\x1b$" in data or b"\x1b(" in data:
        return _iso_2022_jp(data)
    if data.isascii():
        return data.decode("ascii")
    found = _decode_as(data, "utf-8")
    if codec == "cp1252" and found is None and _looks_western(data):
        return data.decode(codec, "replace")
    return found if found is not None else data.decode(_likeliest(data), "replace")


def clean(text: str) -> str:
    """Text that can be stored: line ends as line feeds; no control characters, half surrogates or byte marks."""
    return _unwanted.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _looks_western(data: bytes) -> bool:
    """Single accented letters among plain ones; Chinese comes in pairs of high bytes."""
    return re.search(rb"[\x81-\xfe]{2}", data) is None


def guess_charset(data: bytes) -> str:
    """The likeliest encoding of text that declares none; empty when it is plain ASCII."""
    if data.isascii():
        return ""
    return "utf-8" if _decode_as(data, "utf-8") is not None else _likeliest(data)


def _decode_as(data: bytes, codec: str) -> str | None:
    """The text if the bytes are in that encoding, save perhaps a last character that was cut."""
    if codec.startswith("iso2022_jp"):
        return _iso_2022_jp(data)
    try:
        return data.decode(codec)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
    joined = _join_halves(data) if codec == "utf-8" else None
    if joined is not None:
        return joined
    # Columns and truncation cut characters in half; one broken place in a long text does not refute it.
    text = data.decode(codec, "replace")
    is_cut_at_end = at >= len(data) - 3 and not data[:at].isascii()
    return text if is_cut_at_end or text.count("\ufffd") * 50 <= len(text) else None


def _join_halves(data: bytes) -> str | None:
    """UTF-8 of programs that write a rare character as two halves (CESU-8); a half that is alone is left out."""
    try:
        halves = data.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _decode_strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _iso_2022_jp(data: bytes) -> str:
    for codec in ("iso2022_jp", "iso2022_jp_ext"):
        try:
            return data.decode(codec)
        except UnicodeError:
            continue
    # Numbers in circles and other signs that were never in the standard, but in JIS X 0213, which contains it.
    return data.replace(b"\x1b$B", b"\x1b$(Q").decode("iso2022_jp_2004", "replace")


def _likeliest(data: bytes) -> str:
    """The likeliest reading of bytes that are not UTF-8."""
    sample = data[:4000]
    return max(("gb18030", "big5hkscs", "cp932", "cp1252"), key=lambda codec: _likelihood(sample, codec))


def _likelihood(sample: bytes, codec: str) -> float:
    """How well the reading of `codec` looks like text: characters in daily use count for it, odd ones against."""
    foreign = [character for character in sample.decode(codec, "replace") if character > "\x7f"]
    return sum(_weight(character, codec) for character in foreign) / max(len(foreign), 1)


def _weight(character: str, codec: str) -> float:
    if _UNLIKELY.match(character):
        return -10.0
    if character in _COMMON:
        return 2.0
    if codec in _DAILY:
        charset, first, last = _DAILY[codec]
        lead = character.encode(charset, "ignore")[:1]
        # Simplified mail is by far the commonest here; equal chances go to it.
        return (1.2 if charset == "gb2312" else 1.0) if lead and first <= lead[0] <= last else -0.5
    if codec == "cp932":
        return 1.5 if "\u3040" <= character <= "\u30ff" else 0.0
    return 0.5 if "\xc0" <= character <= "\xff" else -0.2
