"""Placeholders of reply scripts: the one list of names, finding, filling, and the last check before sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.wording import listed

PLACEHOLDERS: dict[str, str | Promise] = {
    "customer_name": _("客户称呼"),
    "order_no": _("订单号"),
    "ticket_number": _("工单号"),
    "product_name": _("商品名称"),
    "sku": _("商品编码"),
    "shop_name": _("店铺名称"),
    "agent_name": _("客服称呼"),
    "amount": _("金额"),
    "refund_amount": _("退款金额"),
    "compensation_amount": _("补偿金额"),
    "refund_days": _("到账天数"),
    "carrier": _("快递公司"),
    "tracking_no": _("运单号"),
    "delivery_date": _("预计送达日期"),
    "return_address": _("退货地址"),
    "coupon_code": _("优惠券码"),
    "solution": _("处理方案"),
    "deadline": _("截止时间"),
    "callback_time": _("回电时间"),
    "today": _("今天日期"),
}

# Full-width braces are typed with a Chinese keyboard and mean the same.
_PLACEHOLDER = re.compile(r"[{｛]{2}\s*([^{}｛｝]*?)\s*[}｝]{2}")
_STRAY = re.compile(r"[{｛]{2}[^{}｛｝\n]{0,30}|[^{}｛｝\n]{0,30}[}｝]{2}")


@dataclass(frozen=True)
class Rendered:
    """A filled text; `missing` are the names that had no value and still stand in it."""

    text: str
    missing: list[str]


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; `name` is the placeholder it is, or "" for plain words."""

    text: str
    name: str = ""

    @property
    def label(self) -> str:
        return str(PLACEHOLDERS.get(self.name, self.name))


def pieces(text: str) -> list[Piece]:
    """The text cut at its placeholders; together the pieces spell it."""
    found: list[Piece] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > at:
            found.append(Piece(text[at : match.start()]))
        found.append(Piece(match.group(), match.group(1)))
        at = match.end()
    if at < len(text):
        found.append(Piece(text[at:]))
    return found


def find(text: str) -> list[str]:
    """Names of the placeholders in the text, each once, in order."""
    return list(dict.fromkeys(match.group(1) for match in _PLACEHOLDER.finditer(text)))


def problems(text: str) -> list[str]:
    """Sentences about placeholders that nobody could fill; empty when the text may be saved."""
    found = [str(_("未知占位符 {{%(name)s}}。") % {"name": name}) for name in find(text) if name not in PLACEHOLDERS]
    stray = _STRAY.search(_PLACEHOLDER.sub("", text))
    if stray:
        found.append(str(_("占位符的大括号不完整：%(text)s") % {"text": stray.group()}))
    return found


def render(body: str, values: Mapping[str, str | None]) -> Rendered:
    """Fill in one pass (a value is never searched for placeholders); what has no value stays and is named."""
    missing: dict[str, None] = {}

    def fill(match: re.Match[str]) -> str:
        value = values.get(match.group(1))
        if value is None or not str(value).strip():
            missing[match.group(1)] = None
            return match.group()
        return str(value)

    return Rendered(_PLACEHOLDER.sub(fill, body), list(missing))


def unfilled(text: str) -> list[str]:
    """What still stands in braces, whole or broken."""
    names = find(text)
    stray = _STRAY.search(_PLACEHOLDER.sub("", text))
    return [*names, stray.group()] if stray else names


def assert_sendable(text: str) -> None:
    """Raise InvalidInput "placeholder_unfilled", naming them, when a placeholder still stands in the text."""
    names = unfilled(text)
    if not names:
        return
    labels = listed(PLACEHOLDERS.get(name, name) for name in names)
    sentence = _("还有未填写的占位符：%(names)s。填写后才能发送。") % {"names": labels}
    raise InvalidInput(sentence, code="placeholder_unfilled", fields={"body": [str(sentence)]}, names=names)


def is_edited(body: str, sent: str) -> bool:
    """Whether `sent` differs from the script by more than filled placeholders."""
    pieces = [piece.strip() for piece in _PLACEHOLDER.split(body)[::2]]
    text = sent.strip()
    if len(pieces) == 1:
        return text != pieces[0]
    if not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return True
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = text.find(piece, at)
        if found < 0:
            return True
        at = found + len(piece)
    return at > len(text) - len(pieces[-1])
