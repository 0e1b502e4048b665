"""What a text says about the safety of a product: asked about by customers, promised by replies. Pure.

A claim is a sentence by which somebody may eat or use something and come to harm: "不含花生", "放心吃", "不会过敏",
"孕妇可以吃". Questions, advice to be careful, and what nobody promises ("不能保证不会过敏") are none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from core.language.lexicons import ALLERGENS, ALLERGY_TERMS, VULNERABLE
from core.language.segmentation import fold
from core.language.terms import TermFinder

#: Longer than any reply; beyond it nothing is read.
TEXT_LIMIT = 20_000
_SENTENCE = re.compile(r"[^。！!；;\n？?]+[？?]?")
_QUESTION = re.compile("[？?]|吗|么(?=[，, ]|$)|呢$|是否|能否|可否|有没有|会不会|能不能|可不可以|含不含|是不是|要不要")
#: Before the claim, in the same clause: nobody promises it.
_NOT_PROMISED = re.compile(
    "(不|无法|没法|不能|未|没有|难以|不敢|不好)(能|敢|可|会)?(保证|承诺|确定|确认|担保|肯定|说)"
    "|不清楚|不知道|如果|若|假如|要是|除非|核实|不[太大]?敢|不是|不像|希望|据说|号称|以为"
)
_NO = "(?:不含有?|不会有|不添加|未添加|没有?添加|没有?加|没有?放|没有|均?无|零|0)"
_ANY = "(?:任何|一点|丝毫|人工|额外|化学|动物|的|、|和|及){0,3}"
_MAY = (
    "(?:是|也|都|就|均|全家|完全|同样|一样|您|的|人群?|女性|朋友|患者|、|和|及)*"
    "(?:可以|可|能够|能)(?:放心|安心|正常|直接|长期|的)*"
)
_TAKES = "(?:吃|喝|食用|饮用|服用|使用|用|涂|抹)"
_REASSURED = (
    "(?:放心|安心)(?:大胆|去|地|的)?(?:吃|喝|食用|饮用|服用|使用|涂抹)",
    "(?:不会|绝不|绝对不会|从不)(?:再|引起|导致|造成|产生|出现|发生|让您|有)*(?:皮肤|肠胃)?"
    "(?:过敏|起疹|起疹子|红肿|发痒|刺激|中毒|拉肚子|腹泻|不良反应|副作用)",
    "(?:零|0|无|不|没有任?何?)(?:致敏|过敏反应|刺激性|刺激皮肤|毒性|毒副作用|副作用|危害)",
    "(?:绝对|完全|百分之?百|100%|保证|肯定)(?:是|很|都)?(?:安全|无毒|无害)(?:的|可靠|食用|放心)?",
    "安全无(?:毒|害|刺激|副作用)|无毒无?(?:害|味|副作用)|食品级(?:材质|安全)",
    "对(?:人体|身体|皮肤|胎儿|宝宝|孕妇|孩子|健康)[^，,。]{0,4}(?:无害|没有?(?:任何)?(?:影响|伤害|危害|害处|刺激|副作用)|是?安全)",
)


@dataclass(frozen=True)
class Words:
    """The words in force. `mentions` call the sheet up; `claims` are claims as they stand, besides the patterns."""

    mentions: tuple[str, ...] = ALLERGY_TERMS
    claims: tuple[str, ...] = ()
    #: Built-in phrases that somebody switched off.
    harmless: tuple[str, ...] = ()


BUILT_IN = Words()


@lru_cache(maxsize=8)
def _finder(terms: tuple[str, ...]) -> TermFinder:
    return TermFinder(terms)


@lru_cache(maxsize=8)
def _claiming(extra: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all that promises. Ingredients the shop added to the mentions are not among them."""
    holds = f"{_NO}{_ANY}{_either(ALLERGENS)}"
    suits = (
        f"{_either(VULNERABLE)}{_MAY}{_TAKES}|适合(?:所有|各种)?{_either(VULNERABLE)}(?:人群)?(?:吃|喝|[食饮服使]用|$)"
    )
    parts = [holds, suits, *_REASSURED, *([_either(extra)] if extra else [])]
    return re.compile("|".join(f"(?:{part})" for part in parts))


def _either(words: Iterable[str]) -> str:
    longest_first = sorted({fold(word) for word in words}, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in longest_first) + ")"


def mentions_in(texts: Iterable[str], words: Words = BUILT_IN) -> list[str]:
    """The words of allergy and suitability in what was written, each once."""
    finder = _finder(words.mentions)
    return list(dict.fromkeys(term for text in texts for term in finder.find(fold(text[:TEXT_LIMIT]))))


def claims_in(text: str, words: Words = BUILT_IN) -> list[str]:
    """What the text promises about safety, as it is written, each once."""
    pattern, harmless = _claiming(words.claims), {fold(word) for word in words.harmless}
    found: dict[str, None] = {}
    for sentence in _SENTENCE.findall(fold(text[:TEXT_LIMIT])):
        if _QUESTION.search(sentence):
            continue
        for match in pattern.finditer(sentence):
            before = re.split("[，,：:]", sentence[: match.start()])[-1]
            if not _NOT_PROMISED.search(before) and match.group() not in harmless:
                found[match.group()] = None
    return list(found)
