"""How upset a customer is, by the words of one message: the rung of the ladder that fits it (G18). Pure.

Built on the lexicons and readings of triage, so what is judged here and there can be explained alike. A broken
cup is a complaint and no anger: facts weigh only when feeling, haste or a threat stands beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.language.lexicons import CATEGORIES, LEGAL_TERMS
from core.language.terms import TermFinder
from scripts_library.choices import AngerLevel
from tickets import norm_words
from tickets.triage import rules

CALM = 0
_ACCUSING = ("投诉", "举报", "差评")
#: Asking for a person is no anger.
_PLAIN = frozenset({"人工", "转人工", "态度", "服务态度", "什么意思", "在不在", "回复我"})
_FEELINGS = [term for category in CATEGORIES if category.name == "服务态度" for term in category.strong]
_FINDER = TermFinder(term for term in (*_FEELINGS, *_ACCUSING, *LEGAL_TERMS) if term not in _PLAIN)
_THREATS = frozenset(LEGAL_TERMS)
_CERTAIN = 0.5
_STRONG = 0.75

_ADVICE: dict[int, tuple[str | Promise, ...]] = {
    AngerLevel.ANNOYED: (_("先致歉，说出客户在意的事"), _("给出一个可做到的时间")),
    AngerLevel.ANGRY: (_("先听完，不打断、不解释"), _("承认感受，再核对事实"), _("给两个可选方案和时间")),
    AngerLevel.FURIOUS: (_("放慢、平静、不争辩"), _("不承诺做不到的事"), _("请主管介入，必要时换人")),
}


@dataclass(frozen=True)
class Anger:
    """A level from 0 (calm) to 3, the words it rests on, and what to do first."""

    level: int
    terms: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return str(AngerLevel(self.level).label) if self.level else str(_("平静"))

    @property
    def advice(self) -> list[str]:
        return [str(sentence) for sentence in _ADVICE.get(self.level, ())]

    @property
    def tone(self) -> str:
        """The colour of its chip."""
        return ("", "warn", "warn", "bad")[self.level]


def anger_of(text: str) -> Anger:
    """The level of one message. Never raises for any string."""
    reading = rules.read(text)
    found = [term for term in _FINDER.find(reading.text) if rules.is_asserted(reading.text, term)]
    return Anger(_level(reading, found, norm_words.insults(text)), tuple(found[:5]))


def _level(reading: rules.Reading, found: Iterable[str], insults: int) -> int:
    feelings = [term for term in found if term not in _THREATS]
    is_threat = any(term in _THREATS for term in found)
    is_certain = max(reading.complaint, reading.negative) >= _CERTAIN
    if insults or (is_threat and is_certain and (feelings or reading.urgent >= _STRONG)):
        return AngerLevel.FURIOUS
    if is_threat or len(feelings) > 1 or (feelings and max(reading.urgent, reading.negative) >= _STRONG):
        return AngerLevel.ANGRY
    if feelings or reading.complaint >= _STRONG:
        return AngerLevel.ANNOYED
    return CALM


def anger_of_last(bodies: Iterable[str]) -> Anger:
    """The level of the last of the customer's messages; calm when there is none."""
    return anger_of(next(reversed(list(bodies)), ""))
