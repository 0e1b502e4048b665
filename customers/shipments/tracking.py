"""Tracking numbers: how they look at each carrier. Pure.

The patterns follow what the carriers print today; they are rows that people may change (`Carrier.pattern`).
"""

from dataclasses import dataclass

import re2

MAX_LENGTH = 40
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


@dataclass(frozen=True)
class Preset:
    """A carrier as installations begin with it."""

    key: str
    name: str
    pattern: str
    example: str
    phone: str


PRESETS = (
    Preset("sf", "顺丰速运", r"SF\d{12,15}|\d{12}|\d{15}", "SF1234567890123", "95338"),
    Preset("zto", "中通快递", r"\d{12,15}", "75312345678901", "95311"),
    Preset("yto", "圆通速递", r"YT\d{13,15}|[A-Z]\d{11}|\d{12,18}", "YT1234567890123", "95554"),
    Preset("sto", "申通快递", r"\d{12,13}|\d{15}", "773123456789012", "95543"),
    Preset("yunda", "韵达速递", r"\d{13}|\d{15}", "4312345678901", "95546"),
    Preset("jt", "极兔速递", r"JT\d{13}|\d{15}", "JT1234567890123", "956025"),
    Preset("jd", "京东物流", r"JD[A-Z0-9]{11,16}(-\d{1,3}){0,3}", "JDX012345678901", "950616"),
    Preset("ems", "邮政 EMS", r"[A-Z]{2}\d{9}[A-Z]{2}|\d{13}", "EB123456785CN", "11183"),
    Preset("deppon", "德邦快递", r"DPK\d{10,13}|\d{8,10}", "DPK364123456789", "95353"),
    Preset("other", "其他", r"[A-Z0-9-]{6,40}", "", ""),
)
BY_KEY = {preset.key: preset for preset in PRESETS}


def normalise(number: str) -> str:
    """Capitals, no spaces: how numbers are stored and compared."""
    return "".join(number.split()).upper()


def looks_right(number: str, pattern: str) -> bool:
    """Whether a normalised number is one of the carrier's; an empty pattern takes every number of sane length."""
    if not number or len(number) > MAX_LENGTH or not number.isascii() or not number.isprintable():
        return False
    if not pattern:
        return True
    return re2.fullmatch(f"(?:{pattern})", number) is not None and not _is_wrong_postal(number)


def _is_wrong_postal(number: str) -> bool:
    """Numbers of the postal union (two letters, nine digits, two letters) end in a check digit."""
    digits = number[2:11]
    is_postal = len(number) == 13 and digits.isdigit() and number[:2].isalpha() and number[11:].isalpha()
    return is_postal and int(digits[8]) != check_digit(digits[:8])


def check_digit(serial: str) -> int:
    """The ninth digit of a postal serial number (UPU S10)."""
    total = sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
