"""Returns, defects and punitive damages: what statutes order."""

from decimal import Decimal
from typing import Any

from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import ZERO, Note, Sums, Term, fen
from tickets.compensation.reading import Fault, InputFaults

Values = dict[str, Any]

FRAUD_MULTIPLE, FRAUD_MINIMUM = 3, Decimal("500.00")
FOOD_MULTIPLE, LOSS_MULTIPLE, FOOD_MINIMUM = 10, 3, Decimal("1000.00")
_PRICE, _LOSS = gettext_noop("商品价款"), gettext_noop("实际损失")


def no_reason_return(v: Values) -> Sums:
    """C-01: the price back; freight only where it was promised or the goods were sent free of charge."""
    terms = [Term(_PRICE, v["P"])]
    notes = []
    if v["freight_promised"]:
        terms += [
            Term(gettext_noop("按承诺承担的发货运费"), v["F"]),
            Term(gettext_noop("按承诺承担的退货运费"), v["Fr"]),
        ]
    elif v["free_shipping"]:
        notes.append(Note(gettext_noop("包邮订单：发货运费由商家承担，退货运费由买家承担。")))
    else:
        notes.append(Note(gettext_noop("发货运费与退货运费由买家承担，有承诺或运费险的除外。")))
    refund = _total(terms)
    return Sums(refund=refund, floor=refund, terms=tuple(terms), notes=tuple(notes))


def partial_return(v: Values) -> Sums:
    """C-02: what was paid less what the kept goods would have cost with the discount they still earn."""
    items, returned = v["items"], v["returned"]
    listed = sum((price * quantity for price, quantity in items), ZERO)
    _check_partial(v, len(items), listed)
    kept = sum((price * quantity for index, (price, quantity) in enumerate(items) if index not in returned), ZERO)
    earns = kept >= v["threshold"] and len(returned) < len(items)
    settled = max(ZERO, kept - v["discount"]) if earns else kept
    refund = fen(v["paid"] - settled)
    terms = (Term(gettext_noop("实付款"), v["paid"]), Term(gettext_noop("留下商品的应付款"), fen(settled)))
    if refund < 0:
        due = Note(gettext_noop("应补差价 %(amount)s 元，不得自动收取，须经审批。"), {"amount": f"{-refund:.2f}"})
        return Sums(refund=refund, terms=terms, notes=(due,), needs_review=True)
    kept_note = (
        gettext_noop("留下商品仍满足优惠门槛。") if earns else gettext_noop("留下商品不再满足优惠门槛，按原价结算。")
    )
    return Sums(refund=refund, floor=refund, terms=terms, notes=(Note(kept_note),))


def _check_partial(v: Values, count: int, listed: Decimal) -> None:
    faults = {}
    if max(v["returned"]) >= count:
        faults["returned"] = Fault(gettext_noop("序号须小于商品件数 %(count)s。"), {"count": str(count)})
    if v["paid"] > listed:
        faults["paid"] = Fault(gettext_noop("实付款不能高于商品总价 %(listed)s。"), {"listed": f"{listed:.2f}"})
    if v["discount"] > listed:
        faults["discount"] = Fault(gettext_noop("优惠不能高于商品总价 %(listed)s。"), {"listed": f"{listed:.2f}"})
    if faults:
        raise InputFaults(faults)


def fault_return(v: Values) -> Sums:
    """C-03 and C-13: price and freight back; the buyer bears nothing."""
    terms = (
        Term(_PRICE, v["P"]),
        Term(gettext_noop("发货运费"), v["F"]),
        Term(gettext_noop("退货运费"), v.get("Fr", ZERO)),
    )
    refund = _total(terms)
    return Sums(refund=refund, floor=refund, terms=terms)


def lost_parcel(v: Values) -> Sums:
    """C-13: the seller answers to the buyer at once and claims on the carrier by itself."""
    found = fault_return(v)
    notes = (
        Note(gettext_noop("可退款或补发；买家无须等待承运人的处理结果。")),
        Note(gettext_noop("向承运人的索赔另行办理：保价按约定，未保价按民事法律；三倍资费限额只适用于邮政挂号邮件。")),
    )
    return Sums(refund=found.refund, floor=found.floor, terms=found.terms, notes=notes)


def fraud(v: Values) -> Sums:
    """C-04: refund one, pay three, at least 500."""
    triple = fen(FRAUD_MULTIPLE * v["P"])
    additional = max(triple, FRAUD_MINIMUM)
    terms = (
        Term(_PRICE, v["P"]),
        Term(gettext_noop("价款的三倍"), triple),
        Term(gettext_noop("法定最低增加赔偿"), FRAUD_MINIMUM),
    )
    return _punitive(v["P"], additional, terms)


def health_harm(v: Values) -> Sums:
    """C-05: loss and mental damages; punitive damages up to twice the loss are for a person to decide."""
    cap = fen(2 * v["L"])
    punitive = cap if v["punitive"] is None else v["punitive"]
    if punitive > cap:
        raise InputFaults({"punitive": Fault(gettext_noop("不能超过损失的两倍 %(cap)s。"), {"cap": f"{cap:.2f}"})})
    terms = (
        Term(_PRICE, v["P"]),
        Term(_LOSS, v["L"]),
        Term(gettext_noop("精神损害赔偿"), v["mental"]),
        Term(gettext_noop("惩罚性赔偿（不超过损失的两倍）"), punitive),
    )
    return Sums(
        refund=fen(v["P"] + v["L"]),
        additional=fen(v["mental"] + punitive),
        floor=fen(v["L"] + v["mental"]),
        cap=cap,
        terms=terms,
        notes=(Note(gettext_noop("损失须逐项举证：医疗、护理、误工、交通等；由法务确定。")),),
        needs_review=True,
    )


def unsafe_food(v: Values) -> Sums:
    """C-06, C-06a: ten times the price or three times the loss, at least 1000; a seller only when knowing."""
    if not v.get("knowing", True):
        note = Note(gettext_noop("销售者不明知且无推定明知的情形：不适用惩罚性赔偿，退款并赔偿损失。"))
        return _loss_only(v, note)
    return _tenfold(v, v["P"])


def presumed_knowing(v: Values) -> Sums:
    """C-06a: knowing is presumed from the circumstances."""
    notes = (Note(gettext_noop("推定明知：过期、无合法来源、价格明显不合理、未查验、更改日期或隐匿记录。")),)
    return _tenfold(v, v["P"], notes)


def label_flaw(v: Values) -> Sums:
    """C-06b: a flaw of label or manual that touches no safety and misleads no one: nothing on top."""
    return _loss_only(
        v, Note(gettext_noop("标签、说明书瑕疵不影响食品安全且不误导：不适用惩罚性赔偿；构成欺诈的按 C-04。"))
    )


def beyond_need(v: Values) -> Sums:
    """C-06c: the base is what a household reasonably needs; lawyers look at it first."""
    if v["reasonable_q"] > v["q"]:
        raise InputFaults({"reasonable_q": Fault(gettext_noop("合理数量不能大于购买数量 %(q)s。"), {"q": str(v["q"])})})
    base = fen(v["P"] * v["reasonable_q"] / v["q"])
    notes = (Note(gettext_noop("超出合理生活消费需要的部分不计入惩罚性赔偿基数，须经法务复核。")),)
    return _tenfold(v, base, notes, needs_review=True)


def food_fraud(v: Values) -> Sums:
    """C-06d: the claimant chooses C-04 or C-06, never both; without a choice the larger counts."""
    as_food, as_fraud = _food_head(v["P"], v["L"]), max(fen(FRAUD_MULTIPLE * v["P"]), FRAUD_MINIMUM)
    chosen = {"C-04": as_fraud, "C-06": as_food}.get(v["choice"], max(as_food, as_fraud))
    terms = (
        Term(_PRICE, v["P"]),
        Term(_LOSS, v["L"]),
        Term(gettext_noop("按食品安全法的增加赔偿"), as_food),
        Term(gettext_noop("按欺诈的增加赔偿"), as_fraud),
    )
    note = Note(gettext_noop("两项惩罚性赔偿只能择一，不得并用。"))
    return _punitive(fen(v["P"] + v["L"]), chosen, terms, (note,), loss=v["L"])


def bad_medicine(v: Values) -> Sums:
    """C-07: as unsafe food, for medicine knowingly sold."""
    return _tenfold(v, v["P"])


def recall(v: Values) -> Sums:
    """C-15: the consumer's necessary costs, beside the remedy for the goods."""
    terms = (
        Term(_PRICE, v["P"]),
        Term(gettext_noop("必要费用"), v["L"]),
        Term(gettext_noop("发货运费"), v["F"]),
        Term(gettext_noop("退货运费"), v["Fr"]),
    )
    additional = fen(v["L"] + v["F"] + v["Fr"])
    note = Note(gettext_noop("召回的必要费用由经营者承担；商品另按召回计划退、换、修。"))
    return Sums(refund=v["P"], additional=additional, floor=additional or v["P"], terms=terms, notes=(note,))


def personal_data(v: Values) -> Sums:
    """C-16: the person's loss or the handler's gain, else by the circumstances: always decided by a person."""
    additional = fen(max(v["L"], v["gain"]))
    notes = [Note(gettext_noop("须由个人信息保护负责人确定。"))]
    if not additional:
        notes.append(Note(gettext_noop("损失与获利都难以确定的，根据实际情况确定赔偿数额。")))
    terms = (Term(_LOSS, v["L"]), Term(gettext_noop("处理者因此获得的利益"), v["gain"]))
    return Sums(additional=additional, floor=additional, terms=terms, notes=tuple(notes), needs_review=True)


def _food_head(base: Decimal, loss: Decimal) -> Decimal:
    return max(fen(FOOD_MULTIPLE * base), fen(LOSS_MULTIPLE * loss), FOOD_MINIMUM)


def _tenfold(v: Values, base: Decimal, notes: tuple[Note, ...] = (), *, needs_review: bool = False) -> Sums:
    terms = (
        Term(_PRICE, v["P"]),
        Term(_LOSS, v["L"]),
        Term(gettext_noop("价款的十倍"), fen(FOOD_MULTIPLE * base)),
        Term(gettext_noop("损失的三倍"), fen(LOSS_MULTIPLE * v["L"])),
        Term(gettext_noop("法定最低增加赔偿"), FOOD_MINIMUM),
    )
    refund = fen(v["P"] + v["L"])
    return _punitive(refund, _food_head(base, v["L"]), terms, notes, loss=v["L"], needs_review=needs_review)


def _loss_only(v: Values, note: Note) -> Sums:
    terms = (Term(_PRICE, v["P"]), Term(_LOSS, v["L"]))
    refund = _total(terms)
    return Sums(refund=refund, floor=refund, terms=terms, notes=(note,))


def _punitive(
    refund: Decimal,
    additional: Decimal,
    terms: tuple[Term, ...],
    notes: tuple[Note, ...] = (),
    *,
    loss: Decimal = ZERO,
    needs_review: bool = False,
) -> Sums:
    apart = Note(gettext_noop("价款可另行办理退款；下限为价款之外必须给付的部分。"))
    return Sums(
        refund=refund,
        additional=additional,
        floor=fen(additional + loss),
        terms=terms,
        notes=(*notes, apart),
        needs_review=needs_review,
    )


def _total(terms: list[Term] | tuple[Term, ...]) -> Decimal:
    return fen(sum((term.amount for term in terms), ZERO))
