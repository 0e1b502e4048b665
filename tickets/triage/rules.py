"""Judgement by lexicons: what triage says until a model has been trained, and beside it.

Severity, type and matched terms always come from here, so they can be explained in words.
"""

from dataclasses import dataclass

from core.language.lexicons import (
    CATEGORIES,
    COMPLAINT_STRONG,
    COMPLAINT_WEAK,
    LEGAL_TERMS,
    NEGATIVE_TERMS,
    PRAISE_TERMS,
    SAFETY_TERMS,
    URGENT_TERMS,
    URGENT_WEAK,
)
from core.language.segmentation import fold
from core.language.terms import TermFinder
from tickets.triage.judgement import Judgement, Severity, TicketType

# Judgement reads no further: what a message is about stands at its beginning, and pasted logs are long.
TEXT_LIMIT = 4000
TERM_LIMIT = 8

_STRONG, _WEAK = 2.0, 1.0
_CATEGORY_FINDER = TermFinder(term for category in CATEGORIES for term in (*category.strong, *category.weak))
_COMPLAINT_FINDER = TermFinder((*COMPLAINT_STRONG, *COMPLAINT_WEAK))
_URGENT_FINDER = TermFinder((*URGENT_TERMS, *URGENT_WEAK))
_NEGATIVE_FINDER = TermFinder((*NEGATIVE_TERMS, *PRAISE_TERMS))
_DANGER_FINDER = TermFinder((*SAFETY_TERMS, *LEGAL_TERMS))
_COMPLAINT_WEIGHTS = {**dict.fromkeys(COMPLAINT_WEAK, 0.4), **dict.fromkeys(COMPLAINT_STRONG, 1.0)}
_URGENT_WEIGHTS = {**dict.fromkeys(URGENT_WEAK, 0.4), **dict.fromkeys(URGENT_TERMS, 1.0)}
_PRAISE, _SAFETY = frozenset(PRAISE_TERMS), frozenset(SAFETY_TERMS)
# "会掉色吗" asks, "没有坏" denies: the term behind such a word is only a hint.
_QUESTIONS_AND_DENIALS = ("会", "是否", "有没有", "不是", "没有", "不", "如果", "万一", "怕", "别", "能不能")
# Chitchat never outweighs a matter: "你好，我要退款" is about the refund.
_CHITCHAT_QUEUE = "chat"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lexicons see in one text; probabilities are scaled so that 0.5 is the threshold."""

    text: str
    category: str
    queue: str
    confidence: float
    complaint: float
    urgent: float
    negative: float
    has_praise: bool
    has_safety: bool
    has_legal: bool
    terms: tuple[str, ...]


def judge_by_rules(text: str) -> Judgement:
    """A judgement for any string; without a Chinese word that says anything: "待人工分类"."""
    reading = read(text)
    return Judgement(
        category=reading.category,
        category_confidence=reading.confidence,
        queue=reading.queue,
        complaint=reading.complaint,
        urgent=reading.urgent,
        negative=reading.negative,
        severity=severity_of(reading, reading.complaint, reading.urgent, reading.negative),
        type=type_of(reading, reading.complaint, reading.negative, reading.queue),
        terms=list(reading.terms),
        needs_human=not reading.category,
    )


def read(text: str) -> Reading:
    """The text through the lexicons."""
    folded = fold(text[:TEXT_LIMIT])
    if not has_chinese(folded):
        return Reading(folded, "", "", 0.0, 0.0, 0.0, 0.0, False, False, False, ())
    category, queue, confidence, category_terms = _category(folded)
    complaint, complaint_terms = _probability(folded, _COMPLAINT_FINDER, _COMPLAINT_WEIGHTS)
    urgent, urgent_terms = _probability(folded, _URGENT_FINDER, _URGENT_WEIGHTS)
    negative, has_praise, feelings = _feeling(folded)
    danger = [term for term in _DANGER_FINDER.find(folded) if is_asserted(folded, term)]
    terms = dict.fromkeys([*danger, *category_terms, *complaint_terms, *urgent_terms, *feelings])
    return Reading(
        text=folded,
        category=category,
        queue=queue,
        confidence=confidence,
        complaint=complaint,
        urgent=urgent,
        negative=negative,
        has_praise=has_praise,
        has_safety=any(term in _SAFETY for term in danger),
        has_legal=any(term not in _SAFETY for term in danger),
        terms=tuple(terms)[:TERM_LIMIT],
    )


def has_chinese(text: str) -> bool:
    """Whether any character is a Chinese one."""
    return any("\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf" for character in text)


def severity_of(reading: Reading, complaint: float, urgent: float, negative: float) -> Severity:
    """Critical: harm to persons. High: a complaint that is urgent or names an authority. Medium: any of the three."""
    if reading.has_safety:
        return "critical"
    if reading.has_legal or (complaint >= 0.5 and urgent >= 0.5):
        return "high"
    if max(complaint, urgent, negative) >= 0.5:
        return "medium"
    return "low"


def type_of(reading: Reading, complaint: float, negative: float, queue: str) -> TicketType:
    """Complaint before after-sales before praise; everything else is a consultation."""
    if complaint >= 0.5 or reading.has_safety or reading.has_legal:
        return "complaint"
    if queue == "refund":
        return "after_sales"
    if reading.has_praise and negative < 0.5 and queue in {"", "chat", "emotion", "quality", "product", "logistics"}:
        return "praise"
    return "consultation"


def _category(text: str) -> tuple[str, str, float, list[str]]:
    """(name, queue, confidence 0–1, matched terms) of the category that most terms speak for."""
    found = frozenset(_CATEGORY_FINDER.find(text))
    best, best_score, best_terms, total = None, 0.0, list[str](), 0.0
    for category in CATEGORIES:
        strong = [term for term in category.strong if term in found]
        weak = [term for term in category.weak if term in found]
        score = _STRONG * len(strong) + _WEAK * len(weak)
        if category.queue == _CHITCHAT_QUEUE:
            score /= 10
        total += score
        if score > best_score:
            best, best_score, best_terms = category, score, strong + weak
    if best is None:
        return "", "", 0.0, []
    return best.name, best.queue, round(best_score / (total + 1.0), 4), best_terms


def _probability(text: str, finder: TermFinder, weights: dict[str, float]) -> tuple[float, list[str]]:
    """One strong term is 0.5, more approach 1; a term that is asked about or denied is a hint."""
    terms = finder.find(text)
    score = sum(weights[term] if is_asserted(text, term) else min(weights[term], 0.4) for term in terms)
    return round(score / (score + 1.0), 4), terms


def _feeling(text: str) -> tuple[float, bool, list[str]]:
    """(probability of a negative message, whether it praises, negative terms)."""
    negative = praise = 0.0
    terms: list[str] = []
    for term in _NEGATIVE_FINDER.find(text):
        asserted = is_asserted(text, term)
        if term in _PRAISE and asserted:
            praise += 1.0
        elif term in _PRAISE:
            negative += 0.7
        else:
            negative += 1.0 if asserted else 0.3
            terms.append(term)
    score = max(negative - 0.5 * praise, 0.0)
    return round(score / (score + 1.0), 4), praise > 0, terms


def is_asserted(text: str, term: str) -> bool:
    """Whether the term stands without a question or a denial right before it."""
    position = text.find(term)
    return not text[max(0, position - 3) : position].endswith(_QUESTIONS_AND_DENIALS)
