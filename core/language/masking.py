"""Personal data made unreadable: single values, and whole texts.

The masks keep what an agent needs to recognise a value (the last digits, the surname, the city)
and never more. They accept any string, so a value of unexpected shape is hidden, not refused.
"""

import re
from collections.abc import Callable, Iterable

from core.language._numbers import find_payment_numbers
from core.language._spans import without_overlaps
from core.language.detection import Span, detect_personal_data

NUMBERS = frozenset({"PHONE", "ID", "BANKCARD", "EMAIL"})

_DIGIT = re.compile(r"\d")
# Without seven digits near each other, and without an at sign, there is no number to look for.
_SUSPICIOUS = re.compile(r"[@＠]|(?:\d[^\w]{0,3}){6}\d")
_LONG_NUMBER = re.compile(r"(?:[\d０-９][ \xa0　–—－‐-]?){14}[\dXx０-９]")
# The part of an address that may stay readable: province and city, nothing finer.
_REGION = re.compile(
    r"^\s*(?:[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区))?\s*(?:[\u4e00-\u9fff]{2,7}?(?:市|自治州|盟))?"
)
_COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯")


def mask_phone(phone: str) -> str:
    """138****8000; the last four digits and the first three stay, fewer of short numbers."""
    digits = len(_DIGIT.findall(phone))
    if digits >= 10:
        return _mask_digits(phone, keep_first=3, keep_last=4)
    return _mask_digits(phone, keep_first=0, keep_last=4 if digits >= 7 else 2 if digits >= 5 else 0)


def mask_email(email: str) -> str:
    """z***@example.com; the first character of the account and the domain stay."""
    account, at, domain = email.strip().rpartition("@")
    if not at:
        return "*" * len(email)
    return f"{account[:1]}***@{domain}"


def mask_name(name: str) -> str:
    """王**: the surname stays. Latin names keep their first letter."""
    stripped = name.strip()
    if len(stripped) < 2:
        return "*" * len(stripped)
    kept = 2 if stripped.startswith(_COMPOUND_SURNAMES) and len(stripped) > 2 else 1
    return stripped[:kept] + "*" * (len(stripped) - kept)


def mask_address(address: str) -> str:
    """浙江省杭州市****: province and city stay when they are written as such, else two characters."""
    stripped = address.strip()
    region = _REGION.match(stripped)
    kept = region.group() if region else ""
    if not kept.strip() or len(kept) >= len(stripped):
        kept = stripped[: 2 if len(stripped) > 4 else 0]
    return f"{kept}****"


def mask_id_number(number: str) -> str:
    """110***********12: first three and last two stay."""
    return _mask_digits(number, keep_first=3, keep_last=2)


def mask_bank_card(number: str) -> str:
    """Only the last four digits stay."""
    return _mask_digits(number, keep_first=0, keep_last=4)


def mask_text(text: str, spans: Iterable[Span] | None = None) -> str:
    """The text with its personal data masked; `spans` saves a second detection when known."""
    parts: list[str] = []
    position = 0
    for span in sorted(detect_personal_data(text) if spans is None else spans):
        if span.start < position:
            continue
        parts.append(text[position : span.start])
        parts.append(_MASKS[span.type](text[span.start : span.end]))
        position = span.end
    parts.append(text[position:])
    return "".join(parts)


def mask_numbers(text: str) -> str:
    """The text with phone, identity and card numbers and e-mail addresses masked; names and places stay."""
    if not _SUSPICIOUS.search(text):
        return text
    return mask_text(text, [span for span in detect_personal_data(text) if span.type in NUMBERS])


def mask_payment(text: str) -> str:
    """The text with bank card and identity numbers masked: what is not kept in full even where it was written."""
    if not _LONG_NUMBER.search(text):
        return text
    found = without_overlaps([*find_payment_numbers(text)])
    return mask_text(text, found) if found else text


def _mask_digits(value: str, *, keep_first: int, keep_last: int) -> str:
    """Hide letters and digits between the kept ones; separators stay so the shape stays readable."""
    places = [place for place, character in enumerate(value) if character.isalnum()]
    hidden = set(places[keep_first : len(places) - keep_last])
    return "".join("*" if place in hidden else character for place, character in enumerate(value))


_MASKS: dict[str, Callable[[str], str]] = {
    "NAME": mask_name,
    "PHONE": mask_phone,
    "ADDRESS": mask_address,
    "ID": mask_id_number,
    "BANKCARD": mask_bank_card,
    "EMAIL": mask_email,
}
