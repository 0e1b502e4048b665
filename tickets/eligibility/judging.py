"""The returns table: from what is known to a verdict."""

from dataclasses import replace
from datetime import date, datetime

from core.calendars.arithmetic import CalendarDataMissing, Schedule, consumer_deadline, natural_add
from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import Note
from tickets.compensation.reading import Fault, InputFaults
from tickets.eligibility import law
from tickets.eligibility.categories import EXCLUDED, Category, Group, find
from tickets.eligibility.facts import Condition, Facts, Judgement, Reason, Verdict
from tickets.eligibility.remedies import remedies_for

RETURN_DAYS = 7
EXCHANGE_DAYS = 15
BURDEN_MONTHS = 6
BUYER, SELLER = "buyer", "seller"
_OPENED = frozenset({Condition.SEAL_BROKEN, Condition.ACTIVATED, Condition.USED})
_LATEST_PROMISE = 3650


def judge(facts: Facts, workdays: Schedule) -> Judgement:
    """What law and promise say. `workdays` is the statutory calendar, for a last day that is a holiday.

    Raises InputFaults when a moment is missing or impossible.
    """
    signed, requested = _moments(facts)
    category = find(facts.category)
    if category is None:
        found = _decision(gettext_noop("没有这个商品类目的退换规则，需人工判定。"), "T-17")
    elif facts.certified_unqualified:
        found = _eligible(
            "R-21",
            gettext_noop("有关部门认定不合格的商品，消费者要求退货的应当负责退货。"),
            law.CRPL_54,
            freight=SELLER,
        )
    elif facts.reason == Reason.NO_REASON:
        found = _no_reason(facts, category, signed, requested, workdays)
    elif facts.reason == Reason.WARRANTY:
        found = _warranty(facts, category, signed, requested, workdays)
    else:
        found = _fault(facts, category, signed, requested, workdays)
    days = (workdays.local_date(requested) - workdays.local_date(signed)).days
    return replace(found, remedies=remedies_for(facts, category, found, days))


def _moments(facts: Facts) -> tuple[datetime, datetime]:
    faults = {}
    if facts.signed_at is None:
        faults["signed_at"] = Fault(gettext_noop("缺少签收时间，无法计算期限，请补充。"))
    if facts.requested_at is None:
        faults["requested_at"] = Fault(gettext_noop("缺少申请时间，无法计算期限，请补充。"))
    elif facts.signed_at is not None and facts.requested_at < facts.signed_at:
        faults["requested_at"] = Fault(gettext_noop("申请时间不能早于签收时间。"))
    if facts.promised_days is not None and not 0 <= facts.promised_days <= _LATEST_PROMISE:
        faults["promised_days"] = Fault(gettext_noop("承诺的天数须在 0 到 3650 之间。"))
    if facts.gift_price is not None and facts.gift_price < 0:
        faults["gift_price"] = Fault(gettext_noop("赠品价格不能为负。"))
    if faults:
        raise InputFaults(faults)
    assert facts.signed_at is not None
    assert facts.requested_at is not None
    return facts.signed_at, facts.requested_at


# Without reason -----------------------------------------------------------------------------


def _no_reason(
    facts: Facts, category: Category, signed: datetime, requested: datetime, workdays: Schedule
) -> Judgement:
    promised = facts.promised_days or 0
    if not promised and (excluded := _excluded(facts, category)) is not None:
        return excluded
    days = max(RETURN_DAYS, promised)
    is_open, deadline = _window(signed, requested, days, workdays)
    if is_open is None:
        return _decision(gettext_noop("日历未维护，无法确定最后一日是否顺延，需人工判定。"), "R-01")
    if not is_open:
        over = Note(
            gettext_noop("%(days)s 日无理由退货期已于 %(until)s 届满；商品有问题的可按质量问题申请。"),
            {"days": str(days), "until": _shown(deadline, workdays)},
        )
        return Judgement(Verdict.NOT_ELIGIBLE, "R-01", over, (law.CRPL_25, law.MEASURES_10), deadline=deadline)
    found = _by_condition(facts, category)
    basis = (*found.basis, law.PROMISE) if promised else found.basis
    if found.verdict == Verdict.NOT_ELIGIBLE:
        return replace(found, deadline=deadline)
    found = replace(found, basis=basis, freight=BUYER, deadline=deadline)
    return _less_gift(found, facts)


def _window(
    signed: datetime, requested: datetime, days: int, workdays: Schedule
) -> tuple[bool | None, datetime | None]:
    """Whether the consumer's period still runs, and when it ends. None: the calendar of that year is missing."""
    start = workdays.local_date(signed)
    plain = workdays.end_of_day(natural_add(start, days))
    try:
        deadline = consumer_deadline(start, days, workdays)
    except CalendarDataMissing:
        # Before the plain end no holiday matters.
        return (True, plain) if requested < plain else (None, None)
    return requested < deadline, deadline


def _excluded(facts: Facts, category: Category) -> Judgement | None:
    """Goods without a return without reason: by law, or by the buyer's own confirmation at purchase."""
    group = category.group
    if group in EXCLUDED and not (group == Group.CUSTOM and facts.made_to_order is False):
        reason = Note(gettext_noop("%(label)s依法不适用七日无理由退货。"), {"label": category.label})
        return Judgement(Verdict.NOT_ELIGIBLE, "R-02", reason, (law.CRPL_25_1,))
    if group == Group.SOFTWARE:
        return _software(facts)
    if facts.exclusion_confirmed and (
        group == Group.DISCLOSED
        or (group == Group.ELECTRONIC and facts.condition == Condition.ACTIVATED)
        or (group == Group.SEALED and facts.condition in _OPENED)
    ):
        reason = Note(gettext_noop("买家购买时已单独确认该商品不适用七日无理由退货。"))
        return Judgement(Verdict.NOT_ELIGIBLE, "R-03", reason, (law.MEASURES_7, law.REGULATION_19))
    return None


def _software(facts: Facts) -> Judgement | None:
    if facts.condition in _OPENED:
        reason = Note(gettext_noop("音像制品、计算机软件已拆封，依法不适用七日无理由退货。"))
        return Judgement(Verdict.NOT_ELIGIBLE, "R-02", reason, (law.CRPL_25_1,))
    if facts.condition == Condition.UNKNOWN:
        return _evidence("R-02", gettext_noop("请确认包装是否拆封：未拆封可退，已拆封不适用。"), law.CRPL_25_1)
    return None


def _by_condition(facts: Facts, category: Category) -> Judgement:
    """Whether the goods count as intact (R-05, R-06). Opening to look, and reasonable trial, keep them intact."""
    condition = facts.condition
    if category.group == Group.SEALED and condition in _OPENED:
        reason = Note(gettext_noop("%(label)s的必要一次性密封包装已损坏，不属于商品完好。"), {"label": category.label})
        return Judgement(Verdict.NOT_ELIGIBLE, "R-06", reason, (law.MEASURES_9,))
    if condition == Condition.INTACT or (condition == Condition.SEAL_BROKEN and category.group != Group.SOFTWARE):
        return _eligible("R-01", gettext_noop("在七日无理由退货期内，商品完好。"), law.CRPL_25, law.MEASURES_8)
    if category.group == Group.ELECTRONIC and condition == Condition.ACTIVATED:
        sentence = gettext_noop("已激活但购买时没有确认记录，不得直接拒绝；由人工检查激活痕迹后判定。")
        return _decision(sentence, "R-06", law.MEASURES_9, law.REGULATION_19)
    sentence = gettext_noop("请提供商品现状照片，或收到退货后按“商品完好”验货决定。")
    return _evidence("R-05", sentence, law.MEASURES_8, law.MEASURES_9)


def _less_gift(found: Judgement, facts: Facts) -> Judgement:
    """A gift that does not come back is charged at its announced price; the return itself is never refused."""
    if not facts.gift_price:
        return found
    note = Note(
        gettext_noop("赠品未退回，退款中扣除事先标明的赠品价 %(price)s 元。"), {"price": f"{facts.gift_price:.2f}"}
    )
    return replace(found, deduction=facts.gift_price, notes=(*found.notes, note), basis=(*found.basis, law.MEASURES_12))


# With a fault -------------------------------------------------------------------------------

_FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    Reason.QUALITY: (gettext_noop("商品质量问题"), (law.CRPL_24, law.QUALITY_40)),
    Reason.WRONG_ITEM: (gettext_noop("发错商品"), (law.CRPL_24, law.CRPL_52)),
    Reason.DAMAGED: (gettext_noop("运输破损，交付前的风险由商家承担"), (law.ECOMMERCE_20, law.CRPL_24)),
    Reason.NOT_AS_DESCRIBED: (gettext_noop("与商品描述不符"), (law.CRPL_24, law.QUALITY_40)),
}


def _fault(facts: Facts, category: Category, signed: datetime, requested: datetime, workdays: Schedule) -> Judgement:
    """Fault of the goods: the seller answers for it and pays the way; what is lacking is only the proof."""
    label, basis = _FAULTS[facts.reason]
    within, deadline = _window(signed, requested, RETURN_DAYS, workdays)
    notes: list[Note] = []
    if within is False:
        notes.append(Note(gettext_noop("签收已超过七日：符合解除合同条件的可退货，否则换货或维修。")))
    burden = ""
    if (
        facts.reason == Reason.QUALITY
        and category.is_durable
        and _within_months(signed, requested, BURDEN_MONTHS, workdays)
    ):
        burden, basis = SELLER, (*basis, law.CRPL_23)
        notes.append(Note(gettext_noop("耐用商品六个月内发现瑕疵，举证责任：商家。")))
    if facts.health_harm:
        notes.append(Note(gettext_noop("涉及人身健康，立即升级处理并保留样品与就医凭证。")))
    if facts.has_evidence:
        verdict = Verdict.ELIGIBLE
        reason = Note(gettext_noop("%(fault)s，已有凭证，必要运费由商家承担。"), {"fault": label})
    else:
        verdict = Verdict.NEEDS_EVIDENCE
        reason = Note(gettext_noop("%(fault)s，请客户提供照片、视频或检测、就医凭证。"), {"fault": label})
    return Judgement(verdict, "R-13", reason, basis, SELLER, deadline, None, burden, facts.health_harm, tuple(notes))


def _warranty(facts: Facts, category: Category, signed: datetime, requested: datetime, workdays: Schedule) -> Judgement:
    until = facts.warranty_until
    start = workdays.local_date(signed)
    if until is None and category.warranty_months is not None:
        until = add_months(start, category.warranty_months)
    if until is None:
        return _decision(gettext_noop("没有这件商品的保修期资料，需人工判定。"), "R-19", law.REGULATION_18)
    basis = (law.THREE_GUARANTEES, law.REGULATION_18) if category.is_guaranteed else (law.REGULATION_18,)
    shown = {"until": f"{until:%Y-%m-%d}"}
    if workdays.local_date(requested) > until:
        reason = Note(gettext_noop("保修期已于 %(until)s 届满，可提供付费维修。"), shown)
        return Judgement(Verdict.NOT_ELIGIBLE, "R-19", reason, basis)
    reason = Note(gettext_noop("在保修期内（至 %(until)s）。"), shown)
    notes = []
    if facts.repairs >= 2:
        notes.append(Note(gettext_noop("同一问题已维修两次，可以换货。")))
    return Judgement(Verdict.ELIGIBLE, "R-19", reason, basis, SELLER, notes=tuple(notes))


# Pieces -------------------------------------------------------------------------------------


def _within_months(signed: datetime, requested: datetime, months: int, workdays: Schedule) -> bool:
    return workdays.local_date(requested) <= add_months(workdays.local_date(signed), months)


def add_months(start: date, months: int) -> date:
    """The same day of the month so many months later, or the month's last day."""
    total = start.year * 12 + start.month - 1 + months
    year, month = divmod(total, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, start.day)


def _shown(deadline: datetime | None, workdays: Schedule) -> str:
    """24:00 of the last day, as people say it."""
    if deadline is None:
        return ""
    last = natural_add(workdays.local_date(deadline), 0).toordinal() - 1
    return f"{date.fromordinal(last):%Y-%m-%d} 24:00"


def _eligible(rule: str, sentence: str, *basis: str, freight: str = "") -> Judgement:
    return Judgement(Verdict.ELIGIBLE, rule, Note(sentence), basis, freight)


def _evidence(rule: str, sentence: str, *basis: str) -> Judgement:
    return Judgement(Verdict.NEEDS_EVIDENCE, rule, Note(sentence), basis)


def _decision(sentence: str, rule: str, *basis: str) -> Judgement:
    return Judgement(Verdict.NEEDS_DECISION, rule, Note(sentence), basis)
