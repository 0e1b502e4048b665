"""Earnest money, penalties, price promises and prepaid services: what was agreed."""

from decimal import Decimal
from typing import Any

from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import ZERO, Note, Sums, Term, fen
from tickets.compensation.reading import Fault, InputFaults

Values = dict[str, Any]

EARNEST_SHARE = Decimal("0.20")


def earnest_money(v: Values) -> Sums:
    """C-08: twice the earnest money, which counts up to a fifth of the contract; the rest is given back."""
    counted = _counted(v)
    terms = [Term(gettext_noop("双倍返还定金"), fen(2 * counted))]
    notes = []
    if v["D"] > counted:
        terms.append(Term(gettext_noop("超过合同额 20% 的部分，原数退还"), fen(v["D"] - counted)))
        notes.append(Note(gettext_noop("定金不得超过主合同标的额的 20%%；超过部分不产生定金效力。")))
    return Sums(refund=v["D"], additional=counted, floor=fen(v["D"] + counted), terms=tuple(terms), notes=tuple(notes))


def earnest_or_penalty(v: Values) -> Sums:
    """C-09: the customer chooses one; loss above the earnest money can still be claimed."""
    counted = _counted(v)
    by_earnest, by_penalty = fen(max(counted, v["L"])), v["penalty"]
    chosen = {"earnest": by_earnest, "penalty": by_penalty}.get(v["choice"], max(by_earnest, by_penalty))
    terms = (
        Term(gettext_noop("退还已付定金"), v["D"]),
        Term(gettext_noop("选择定金罚则（含超出定金的损失）"), by_earnest),
        Term(gettext_noop("选择违约金"), by_penalty),
    )
    note = Note(gettext_noop("定金与违约金由客户择一；定金不足以弥补损失的，可请求超出部分。"))
    return Sums(refund=v["D"], additional=chosen, floor=fen(v["D"] + chosen), terms=terms, notes=(note,))


def _counted(v: Values) -> Decimal:
    """The part of the earnest money that has its effect."""
    if v["D"] > v["total"]:
        raise InputFaults(
            {"D": Fault(gettext_noop("定金不能高于合同总额 %(total)s。"), {"total": f"{v['total']:.2f}"})}
        )
    return fen(min(v["D"], EARNEST_SHARE * v["total"]))


def agreed_penalty(v: Values) -> Sums:
    """C-10: as promised, or as the platform has it when that is more."""
    additional = max(v["penalty"], v["platform"])
    terms = (Term(gettext_noop("商家承诺的违约金"), v["penalty"]), Term(gettext_noop("平台标准"), v["platform"]))
    note = Note(gettext_noop("支付违约金后仍须继续交付。"))
    return Sums(additional=additional, floor=additional, terms=terms, notes=(note,))


def late_shipment(v: Values) -> Sums:
    """C-11: a share of the price between the platform's least and most."""
    if v["min"] > v["max"]:
        raise InputFaults(
            {"min": Fault(gettext_noop("最低赔付不能高于最高赔付 %(max)s。"), {"max": f"{v['max']:.2f}"})}
        )
    share = fen(v["rate"] * v["P"])
    additional = min(max(share, v["min"]), v["max"])
    terms = (
        Term(gettext_noop("按比例"), share),
        Term(gettext_noop("最低赔付"), v["min"]),
        Term(gettext_noop("最高赔付"), v["max"]),
    )
    note = Note(gettext_noop("数值以平台现行规则为准，请核对预设。"))
    return Sums(additional=additional, floor=additional, cap=v["max"], terms=terms, notes=(note,))


def price_protection(v: Values) -> Sums:
    """C-12: the fall of the price since, for every piece."""
    difference = max(ZERO, v["paid_unit"] - v["now_unit"])
    additional = fen(difference * v["q"])
    terms = (Term(gettext_noop("单件差价"), fen(difference)), Term(gettext_noop("差价合计"), additional))
    note = Note(
        gettext_noop("限承诺期内、同一商品、同一店铺、相同条件；无理由拒绝兑现构成价格欺诈，按 C-04 承担责任。")
    )
    return Sums(additional=additional, floor=additional, terms=terms, notes=(note,))


def prepaid_service(v: Values) -> Sums:
    """C-14: perform, or give back what was prepaid with interest and necessary costs."""
    terms = (
        Term(gettext_noop("预付款"), v["P"]),
        Term(gettext_noop("利息"), v["interest"]),
        Term(gettext_noop("合理费用"), v["L"]),
    )
    additional = fen(v["interest"] + v["L"])
    note = Note(gettext_noop("也可按约定继续履行。"))
    return Sums(refund=v["P"], additional=additional, floor=fen(v["P"] + additional), terms=terms, notes=(note,))


def better_promise(v: Values) -> Sums:
    """C-21: a promise above the law ("假一赔十") binds."""
    additional = fen(v["multiple"] * v["P"])
    terms = (Term(gettext_noop("商品价款"), v["P"]), Term(gettext_noop("承诺的倍数赔付"), additional))
    note = Note(gettext_noop("承诺高于法定的，按承诺；低于法定的，按法定。"))
    return Sums(refund=v["P"], additional=additional, floor=additional or v["P"], terms=terms, notes=(note,))
