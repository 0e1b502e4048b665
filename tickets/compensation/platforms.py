"""Standards of platforms, and what the house gives of its own accord."""

from decimal import Decimal
from typing import Any

from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import ZERO, Note, Sums, Term, fen
from tickets.compensation.reading import Fault, InputFaults

Values = dict[str, Any]

UNCLEAR_PAGE_SHARE, UNCLEAR_PAGE_CAP = Decimal("0.10"), Decimal("200.00")
GIFT_CAP, GIFT_CAP_WITHOUT_SKU = Decimal("0.30"), Decimal("0.50")
# 500 京豆 at 100 to the yuan.
UNDECLARED_GIFT = Decimal("5.00")
AQUATIC_SHARE = Decimal("0.20")
# (share of the goods up to and including, part of the price)
FRESH_TIERS = tuple((Decimal(top), Decimal(part)) for top, part in (
    ("0.10", "0.10"), ("0.30", "0.30"), ("0.50", "0.50"), ("0.70", "0.70"), ("1", "1"),
))  # fmt: skip
_PAID = gettext_noop("实付款")


def unclear_page(v: Values) -> Sums:
    """C-17: a tenth of the order, at most 200."""
    share = fen(UNCLEAR_PAGE_SHARE * v["P"])
    additional = min(share, UNCLEAR_PAGE_CAP)
    terms = (Term(_PAID, v["P"]), Term(gettext_noop("实付款的 10%"), share))
    return Sums(additional=additional, floor=additional, cap=UNCLEAR_PAGE_CAP, terms=terms)


def missing_gift(v: Values) -> Sums:
    """C-18: the gift's price or declared value, capped by the main item; undeclared: at least 500 京豆."""
    cap = fen((GIFT_CAP if v["has_sku"] else GIFT_CAP_WITHOUT_SKU) * v["P"])
    if v["has_sku"] and v["gift"] is None:
        raise InputFaults({"gift": Fault(gettext_noop("赠品有商品编号时，请填写其价格。"))})
    value = UNDECLARED_GIFT if v["gift"] is None else v["gift"]
    additional = min(value, cap)
    notes = () if v["gift"] is not None else (Note(gettext_noop("赠品未标明价值：至少 500 京豆（5.00 元）。")),)
    terms = (
        Term(gettext_noop("主商品实付款"), v["P"]),
        Term(gettext_noop("赠品价值"), value),
        Term(gettext_noop("上限"), cap),
    )
    return Sums(additional=additional, floor=additional, cap=cap, terms=terms, notes=notes)


def fresh_goods(v: Values) -> Sums:
    """C-19: the tier of the spoilt share; a border value belongs to the lower tier."""
    if v["s"] <= 0:
        raise InputFaults({"s": Fault(gettext_noop("损坏或短缺比例须大于 0。"))})
    part = next(part for top, part in FRESH_TIERS if v["s"] <= top)
    cap = fen(part * v["P"])
    terms = (Term(_PAID, v["P"]), Term(gettext_noop("所在档位的退款上限"), cap))
    return Sums(refund=cap, floor=cap, cap=cap, terms=terms)


def aquatic_pet(v: Values) -> Sums:
    """C-20: at least a fifth of what was paid for the animal."""
    least = fen(AQUATIC_SHARE * v["P"])
    return Sums(
        refund=least, floor=least, terms=(Term(_PAID, v["P"]), Term(gettext_noop("实付款的 20%（最低）"), least))
    )


def goodwill(v: Values) -> Sums:
    """C-22: the house's own formula, never below a statutory floor; above the limit it needs approval."""
    raw = fen(v["P"] * v["severity"] * v["responsibility"] * v["factor"] + v["out_of_pocket"])
    payout = max(raw, v["floor"])
    terms = [Term(gettext_noop("公式结果"), raw), Term(gettext_noop("法定下限"), v["floor"])]
    notes = []
    if v["factor"] != 1:
        notes.append(Note(gettext_noop("系数 %(factor)s：对客户区别对待须有正当理由。"), {"factor": str(v["factor"])}))
    limit = v["limit"]
    is_above = limit is not None and payout > limit
    if limit is not None:
        terms.append(Term(gettext_noop("授权额度"), limit))
    if is_above:
        amounts = {"now": f"{min(payout, limit):.2f}", "rest": f"{payout - limit:.2f}"}
        notes.append(Note(gettext_noop("授权额度内可立即给付 %(now)s 元，其余 %(rest)s 元须经审批。"), amounts))
    if raw < v["floor"]:
        notes.append(Note(gettext_noop("公式结果低于法定下限，按下限给付；授权额度不得削减法定下限。")))
    return Sums(
        additional=payout,
        floor=v["floor"] if v["floor"] > ZERO else ZERO,
        cap=limit,
        terms=tuple(terms),
        notes=tuple(notes),
        needs_review=is_above,
    )
