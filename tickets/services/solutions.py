"""Suggestions how to settle a complaint (C19): by rule and by precedent, with what each will cost and how to say it.

There is always one: without a rule for the category and without precedents it is goodwill over the statutory
baseline, and it says so. A customer's type changes what is offered freely, never what the law gives.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from scripts_library.suggestion import ScriptHit, suggest_scripts
from tickets.compensation import CASES, InputFaults, Quote
from tickets.compensation import quote as calculate
from tickets.models import Attachment, Ticket
from tickets.services.precedents import Precedents, aftermath_of, order_of, precedents_of

GOODWILL = "C-22"
#: Words of a category or a message, and the case of the law or promise they speak for; the gravest first.
_RULES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("食品安全", "过期", "变质", "发霉", "食物中毒"), "C-06"),
    (("假货", "欺诈", "虚假宣传", "不是正品", "假一赔"), "C-04"),
    (("信息泄露", "泄露", "隐私"), "C-16"),
    (("丢件", "丢失", "运输破损", "包裹破损", "压扁", "没收到"), "C-13"),
    (("延迟发货", "不发货", "没发货", "发货慢"), "C-11"),
    (("价格保护", "降价", "买贵", "价格"), "C-12"),
    (("召回",), "C-15"),
    (("质量", "破损", "碎", "坏", "描述不符", "瑕疵", "换货维修", "不一样", "色差", "掉色"), "C-03"),
    (("退款退货", "七天", "无理由", "退货"), "C-01"),
)
#: What these cases need before they can be promised.
_NEEDS_EVIDENCE = frozenset({"C-03", "C-04", "C-06", "C-13", "C-16"})
#: How the free part grows for those the shop wants to keep.
_KEPT = frozenset({"高价值", "高价值客户", "重点客户", "潜在流失"})
_DISPUTED = frozenset({"争议", "争议客户"})
_KEEPING, _USUAL_SEVERITY = Decimal("1.2"), Decimal("0.10")
MOST = 4


@dataclass(frozen=True)
class Matter:
    """What a suggestion rests on. `price` is what was paid; None when nobody knows."""

    category: str
    text: str
    price: Decimal | None
    has_evidence: bool
    customer_types: Collection[str] = ()
    ticket_type: str = ""


@dataclass(frozen=True)
class Solution:
    """One way. `source`: rule, precedent or baseline. `cost` None: the price is not known, or data are missing."""

    source: str
    case: str
    title: str
    cost: Decimal | None
    floor: Decimal | None
    basis: tuple[str, ...]
    n: int = 0
    script: ScriptHit | None = None
    notes: tuple[str, ...] = field(default=())


def matter_of(ticket: Ticket, text: str) -> Matter:
    """What is known of a ticket."""
    order = order_of(ticket)
    types = [str(tag) for tag in ticket.customer.active_tags()] if ticket.customer_id else []
    if ticket.customer.important:
        types.append("重点客户")
    return Matter(
        category=ticket.category,
        text=text,
        price=order.paid if order is not None and order.paid > 0 else None,
        has_evidence=Attachment.objects.filter(message__ticket=ticket, message__author=None).exists(),
        customer_types=types,
        ticket_type=ticket.type,
    )


def suggest(matter: Matter) -> list[Solution]:
    """At least one way to settle, what the law asks first, then what was usual."""
    known = precedents_of(category=matter.category, price=matter.price) if matter.category and matter.price else None
    found = list(_by_rule(matter))
    found += _by_precedent(matter, known, {solution.case for solution in found})
    if not any(solution.case == GOODWILL for solution in found):
        found.append(_goodwill(matter, is_only=not found))
    if known is None or not known.cases:
        found[0] = _noted(found[0], _("没有先例，按法定基准给出。"))
    after = aftermath_of(category=matter.category, price=matter.price) if matter.category else None
    if after is not None and after.n:
        found[0] = _noted(found[0], after.text)
    return [_worded(solution, matter) for solution in found[:MOST]]


def rule_for(category: str, text: str) -> str:
    """The case that category and words of the message speak for, the gravest first; "" for none."""
    said = f"{category}\n{text[:2000]}"
    return next((case for words, case in _RULES if any(word in said for word in words)), "")


def _by_rule(matter: Matter) -> Iterator[Solution]:
    case = rule_for(matter.category, matter.text)
    if not case:
        return
    notes = []
    if case in _NEEDS_EVIDENCE and not matter.has_evidence:
        notes.append(_("还没有凭证：先请客户补充照片或视频，不要直接拒绝。"))
    quote = _quoted(case, matter)
    yield Solution(
        source="rule",
        case=case,
        title=_(CASES[case].title),
        cost=quote.total if quote is not None else None,
        floor=quote.floor if quote is not None else None,
        basis=tuple(_(article) for article in CASES[case].basis),
        notes=(*notes, *_about(matter)),
    )


def _by_precedent(matter: Matter, known: Precedents | None, taken: set[str]) -> list[Solution]:
    if known is None or matter.price is None:
        return []
    found = []
    for case, n, share in known.cases:
        if case in taken or case not in CASES:
            continue
        values = {"n": n, "category": known.category, "band": known.band.text}
        found.append(
            Solution(
                source="precedent",
                case=case,
                title=_(CASES[case].title),
                cost=known.money(share, matter.price),
                floor=None,
                basis=(_("先例 %(n)d 件：%(category)s，实付 %(band)s 元") % values,),
                n=n,
                notes=_about(matter),
            )
        )
    return found[:2]


def _goodwill(matter: Matter, *, is_only: bool) -> Solution:
    factor = _KEEPING if _KEPT & set(matter.customer_types) else Decimal(1)
    quote = _quoted(GOODWILL, matter, severity=_USUAL_SEVERITY, responsibility=Decimal(1), factor=factor)
    return Solution(
        source="baseline" if is_only else "rule",
        case=GOODWILL,
        title=_(CASES[GOODWILL].title),
        cost=quote.total if quote is not None else None,
        floor=Decimal("0.00"),
        basis=tuple(_(article) for article in CASES[GOODWILL].basis),
        notes=_about(matter),
    )


def _about(matter: Matter) -> tuple[str, ...]:
    if _DISPUTED & set(matter.customer_types):
        return (_("争议客户：先与主管商量表述；法定权利不受影响。"),)
    return ()


def _quoted(case: str, matter: Matter, **more: Any) -> Quote | None:
    """What the case costs for the price alone; None when it needs data nobody gave."""
    if matter.price is None:
        return None
    try:
        return calculate(case, {"P": str(matter.price), **{name: str(value) for name, value in more.items()}})
    except InputFaults:
        return None


def _noted(solution: Solution, note: str) -> Solution:
    return Solution(**{**solution.__dict__, "notes": (*solution.notes, note)})


def _worded(solution: Solution, matter: Matter) -> Solution:
    """With the script that says it best."""
    said = f"{solution.title} {matter.category} {matter.text[:200]}"
    hits = suggest_scripts(said, ticket_type=matter.ticket_type or "complaint", limit=1)
    return Solution(**{**solution.__dict__, "script": hits[0] if hits else None})
