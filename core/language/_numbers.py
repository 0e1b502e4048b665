"""E-mail addresses, identity numbers, bank cards and telephone numbers."""

import re
from collections.abc import Iterator
from datetime import date

from core.language._spans import Span

# One character for one character, so that offsets stay those of the original text.
_PLAIN = str.maketrans(
    "０１２３４５６７８９＋－—–‐＠．＿（）：　\xa0" + "".join(chr(code) for code in range(0xFF21, 0xFF3B)),
    "0123456789+----@._():  " + "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
)
_SPOKEN_DIGITS = "零〇○一幺壹二两贰三叁四肆五伍六陆七柒八捌九玖"
_SPOKEN = str.maketrans(_SPOKEN_DIGITS, "00011122233445566778899")

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,10}"
)
_ID_18 = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?\d{4}[ -]?\d{3}[0-9Xx](?![A-Za-z])")
_ID_15 = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{14}(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z])(?:62|4|5[1-5]|3[5-7]|9)\d(?:[ -]?\d){12,17}(?![0-9A-Za-z])")
# Numbers that issuers hand out: UnionPay, Visa, MasterCard, JCB.
_ISSUED = re.compile(r"62\d{14,17}|(?:4\d|5[1-5]|35)\d{14}")
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+|00)?86[ -]?)?1[3-9]"
    r"(?:\d{9}|\d[ .-]{1,2}\d{4}[ .-]{1,2}\d{4}|\d[ .-]\d{3}[ .-]\d{5}|\d{2}[ .-]\d{4}[ .-]\d{3}"
    r"|\d{2}[ .-]\d{3}[ .-]\d{4}|\d{3}[ .-]\d{6}|\d[ .-]\d{8}|\d{5}[ .-]\d{4}|(?:[ .-]\d){9})(?![0-9A-Za-z])"
)
_SPOKEN_MOBILE = re.compile(rf"(?<![{_SPOKEN_DIGITS}])[一幺壹1][{_SPOKEN_DIGITS}0-9 -]{{10,22}}(?![{_SPOKEN_DIGITS}])")
_LANDLINE = re.compile(
    r"(?<![0-9A-Za-z-])(?:(?:\+86[ -]?|\()?0(?:10|2\d|[3-9]\d{2})(?:\)[ -]?|[ -]))"
    r"[2-9]\d{2,3}[ -]?\d{4}(?:(?:-|转)\d{1,5})?(?![0-9A-Za-z])"
)
_BARE_LANDLINE = re.compile(
    r"(?<![0-9A-Za-z-])(?:(?P<area>010|02\d|0[3-9]\d{2})[2-9]\d{6,7}|[2-9]\d{6,7})(?![0-9A-Za-z])"
)

_ID_WORDS = re.compile(r"身份证|证件号|身份号")
_CARD_WORDS = re.compile(
    r"卡号|银行卡|储蓄卡|信用卡|借记卡|账号|帐号|账户|退到|打到|打款|开户|[工农建招中交]行|银行|尾号"
)
_PHONE_WORDS = re.compile(r"电话|手机|座机|固话|致电|拨打|联系方式|热线|(?i:tel|phone|mobile|call)")
_PHONE_LABEL = re.compile(r"(?:电话|座机|固话|(?i:tel))(?:号码|号)?[ 是为:]{0,3}$")
# Words that make the number right behind them something else than a person's number.
_OTHER_LABEL = re.compile(
    r"(?:订单编?号?|[单运]单|单号|编号|编码|流水号?|批次号?|条码|券码|货号|工单|交易号|快递号|物流号|取件码|提货码|序列号|"
    r"(?i:sku|id|imei|sn|no)\.?)[ 是为:#=]*(?:&nbsp;)?[ \w]{0,1}$"
)
_OTHER_AFTER = re.compile(r"^[ ,，]*(?:这个|此|的|是|之前|原|新)?(?:订单|单号|运单|单子)")

# The first two digits of an identity number: provinces, and Hong Kong, Macao and Taiwan.
_REGIONS = frozenset({*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)})
_REGIONS |= {71, 81, 82, 83}
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def find_emails(text: str) -> Iterator[Span]:
    """Addresses of the usual form, in full-width letters too."""
    for match in _EMAIL.finditer(text.translate(_PLAIN)):
        yield Span(match.start(), match.end(), "EMAIL")


def find_numbers(text: str) -> Iterator[Span]:
    """Identity numbers first, then bank cards, then telephones: the stricter form wins."""
    plain = text.translate(_PLAIN)
    yield from _identity_numbers(plain)
    yield from _bank_cards(plain)
    yield from _mobiles(plain)
    yield from _landlines(plain)


def is_identity_number(number: str) -> bool:
    """18 characters with a known region, a date of birth that exists and the right check character."""
    if len(number) != 18 or not number[:17].isdigit():
        return False
    if int(number[:2]) not in _REGIONS or not _is_date(number[6:14]):
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False)) % 11
    return "10X98765432"[remainder] == number[17].upper()


def passes_luhn(digits: str) -> bool:
    """The check digit of bank cards."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _identity_numbers(text: str) -> Iterator[Span]:
    for match in _ID_18.finditer(text):
        number = re.sub(r"[ -]", "", match.group())
        named = _ID_WORDS.search(text, max(0, match.start() - 14), match.start())
        if is_identity_number(number) or (named and _is_date(number[6:14])):
            yield Span(match.start(), match.end(), "ID")
    for match in _ID_15.finditer(text):
        if _ID_WORDS.search(text, max(0, match.start() - 10), match.start()) and _is_date("19" + match.group()[6:12]):
            yield Span(match.start(), match.end(), "ID")


def _bank_cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        number = re.sub(r"[ -]", "", match.group())
        if not 15 <= len(number) <= 19 or _is_labelled_otherwise(text, match.start()):
            continue
        named = _CARD_WORDS.search(text, max(0, match.start() - 20), match.start())
        if (passes_luhn(number) and len(number) >= 16) or named:
            yield Span(match.start(), match.end(), "BANKCARD")


def find_payment_numbers(text: str) -> Iterator[Span]:
    """Bank cards and identity numbers that prove themselves: check digit, known issuer, real date.

    Stricter than `find_numbers`, because what this finds is destroyed: an order number must never be among it.
    """
    plain = text.translate(_PLAIN)
    for match in _ID_18.finditer(plain):
        if is_identity_number(re.sub(r"[ -]", "", match.group())) and not _is_labelled_otherwise(plain, match.start()):
            yield Span(match.start(), match.end(), "ID")
    for match in _CARD.finditer(plain):
        number = re.sub(r"[ -]", "", match.group())
        if not passes_luhn(number) or _is_labelled_otherwise(plain, match.start()):
            continue
        named = _CARD_WORDS.search(plain, max(0, match.start() - 20), match.start()) and len(number) >= 15
        if named or _ISSUED.fullmatch(number):
            yield Span(match.start(), match.end(), "BANKCARD")


def _mobiles(text: str) -> Iterator[Span]:
    for match in _MOBILE.finditer(text):
        if not _is_other_number(text, match):
            yield Span(match.start(), match.end(), "PHONE")
    for match in _SPOKEN_MOBILE.finditer(text):
        value = match.group().rstrip(" -")
        digits = re.sub(r"[ -]", "", value.translate(_SPOKEN))
        spoken = sum(character in _SPOKEN_DIGITS for character in value)
        if len(digits) == 11 and digits[1] in "3456789" and spoken >= 3:
            yield Span(match.start(), match.start() + len(value), "PHONE")


def _landlines(text: str) -> Iterator[Span]:
    for match in _LANDLINE.finditer(text):
        if not _is_labelled_otherwise(text, match.start()):
            yield Span(match.start(), match.end(), "PHONE")
    for match in _BARE_LANDLINE.finditer(text):
        named = _PHONE_LABEL.search(text[max(0, match.start() - 10) : match.start()])
        if named or (match["area"] and not _is_labelled_otherwise(text, match.start())):
            yield Span(match.start(), match.end(), "PHONE")


def _is_other_number(text: str, match: re.Match[str]) -> bool:
    """An order or parcel number that happens to look like a mobile number."""
    if match.group()[0] in "+(" or _PHONE_WORDS.search(text, max(0, match.start() - 8), match.start()):
        return False
    return (
        _is_labelled_otherwise(text, match.start())
        or _OTHER_AFTER.match(text[match.end() : match.end() + 8]) is not None
    )


def _is_labelled_otherwise(text: str, start: int) -> bool:
    return _OTHER_LABEL.search(text[max(0, start - 14) : start]) is not None


def _is_date(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return born.year >= 1880
