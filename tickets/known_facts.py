"""What a reply asks of the customer that they have told already (A22): phone, order number, address, name. Pure.

A polite check of something known ("请核对收货地址：……") is no question; asking for it anew is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.language import detect_personal_data, mask_address, mask_name, mask_phone


class Fact(StrEnum):
    PHONE = "phone"
    ORDER_NO = "order_no"
    ADDRESS = "address"
    NAME = "name"


LABELS: dict[Fact, str | Promise] = {
    Fact.PHONE: lazy("手机号"),
    Fact.ORDER_NO: lazy("订单号"),
    Fact.ADDRESS: lazy("地址"),
    Fact.NAME: lazy("姓名"),
}
_NOUNS = {
    Fact.PHONE: "手机号码?|手机尾号|电话号码|联系电话|联系方式|联系手机|个电话|您?的?电话(?=$|[，,、和吗呢])",
    Fact.ORDER_NO: "订单编?号|订单号码|交易单?号|(?<!快递)(?<!物流)(?<!运)(?<!退货)单号",
    Fact.ADDRESS: "(?:收货|收件|家庭|详细|寄送|配送)?地址",
    Fact.NAME: "(?:收货|收件)人?(?:姓名|名字)|姓名|全名|收件人",
}
_ASKING = (
    "请问|麻烦|方便|能否|可否|劳烦|需要您|还需|请您|请(?!核对|确认|放心|稍|注意|留意)|提供(?!的)|告知(?!的)|告诉(?!您)|"
    "发(?:我|一下|给我)|留(?:下|一下|个)|报一下|说一下|补充一?下?"
)
_ASKED = "是多少|多少|是什么|是哪|在哪|发(?:我|一下|过来|给我)|提供一?下?|告知|报一下|留一下|写一下|告诉我|有吗|呢[?？]"
_WITHIN = "[^，,]{0,14}?"
_QUESTIONS = {
    fact: re.compile(f"(?:{_ASKING}){_WITHIN}(?:{nouns})|(?:{nouns}){_WITHIN}(?:{_ASKED})")
    for fact, nouns in _NOUNS.items()
}
_NAME_QUESTION = re.compile("您?贵姓|怎么称呼您?|如何称呼|您叫什么")
#: What is repeated to be confirmed is known, and the customer is not asked anew.
_CONFIRMING = re.compile(
    "核对|确认|是否|对吗|对吧|没错|无误|正确|不变|您(?:已|刚才)?(?:提供|给|留|发)的|已(?:收到|记录|登记|查到)"
)
_ORDER_NUMBER = re.compile(
    r"(?:订单|交易)\s*(?:编?号码?)?\s*(?:是|为)?\s*[:：]?\s*([A-Za-z]{0,4}\d{8,25})"
    r"|(?<![\dA-Za-z])([A-Z]{2}\d{10,22}|\d{15,22})(?!\d)"
)
_CLAUSES = re.compile(r"[。！？!?；;\n]")
_SPAN_FACTS = {"PHONE": Fact.PHONE, "ADDRESS": Fact.ADDRESS, "NAME": Fact.NAME}


@dataclass(frozen=True)
class AskedAgain:
    """A fact the text asks for although it is known; `value` is masked."""

    fact: Fact
    value: str

    @property
    def label(self) -> str:
        return str(LABELS[self.fact])

    @property
    def sentence(self) -> str:
        return _("%(label)s客户已提供：%(value)s") % {"label": self.label, "value": self.value}

    def as_dict(self) -> dict[str, str]:
        return {"fact": str(self.fact), "label": self.label, "sentence": self.sentence}


def questions_in(text: str) -> list[Fact]:
    """What the text asks the customer for."""
    asked: dict[Fact, None] = {}
    for clause in _CLAUSES.split(text[:5000]):
        if not clause or _CONFIRMING.search(clause):
            continue
        for fact, pattern in _QUESTIONS.items():
            if pattern.search(clause):
                asked[fact] = None
        if _NAME_QUESTION.search(clause):
            asked[Fact.NAME] = None
    return list(asked)


def facts_told(texts: Iterable[str]) -> dict[Fact, str]:
    """What the customer's messages tell, masked; the first mention of each."""
    found: dict[Fact, str] = {}
    for text in texts:
        for span in detect_personal_data(text):
            fact = _SPAN_FACTS.get(span.type)
            if fact is not None:
                found.setdefault(fact, masked(fact, text[span.start : span.end]))
        number = _ORDER_NUMBER.search(text)
        if number:
            found.setdefault(Fact.ORDER_NO, number[1] or number[2])
    return found


def masked(fact: Fact, value: str) -> str:
    """The value as a hint shows it. Order numbers are no personal data."""
    match fact:
        case Fact.PHONE:
            return mask_phone(value)
        case Fact.ADDRESS:
            return mask_address(value)
        case Fact.NAME:
            return mask_name(value)
    return value


def asked_again(text: str, known: Mapping[Fact, str]) -> list[AskedAgain]:
    """The facts the text asks for although they are known."""
    return [AskedAgain(fact, known[fact]) for fact in questions_in(text) if known.get(fact)]
