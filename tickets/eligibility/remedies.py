"""Which remedies may be offered, with the reason for each that is not (C13)."""

from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import Note
from tickets.eligibility.categories import Category, Group
from tickets.eligibility.facts import Facts, Judgement, Reason, Remedy, RemedyKind, Verdict

RETURN_DAYS, EXCHANGE_DAYS, REPAIRS = 7, 15, 2
#: Goods that nobody sends back: they spoil or are not a thing.
_NOT_SENT = frozenset({Group.FRESH, Group.DIGITAL, Group.PRESS})
#: The contract can be rescinded whatever the day: it is not what was ordered.
_RESCINDABLE = frozenset({Reason.WRONG_ITEM, Reason.NOT_AS_DESCRIBED})


def remedies_for(facts: Facts, category: Category | None, found: Judgement, days: int) -> tuple[Remedy, ...]:
    """Every remedy, offered or not. `days` since signing. What needs a person's decision hides nothing."""
    if category is None or found.verdict == Verdict.NEEDS_DECISION:
        return tuple(Remedy(kind, True, Note(gettext_noop("须人工判定后办理。"))) for kind in RemedyKind)
    hidden = {
        RemedyKind.RETURN_REFUND: _no_return(facts, category, found, days),
        RemedyKind.REFUND_ONLY: _no_refund_only(facts, category, found),
        RemedyKind.EXCHANGE: _no_exchange(facts, category, found, days),
        RemedyKind.REPAIR: _no_repair(facts, category),
        RemedyKind.PRICE_DIFFERENCE: Note(gettext_noop("只用于价保与价格差异。")),
        RemedyKind.COMPENSATION: None,
    }
    return tuple(Remedy(kind, why is None, why) for kind, why in hidden.items())


def _no_return(facts: Facts, category: Category, found: Judgement, days: int) -> Note | None:
    if facts.reason == Reason.NO_REASON or found.verdict == Verdict.NOT_ELIGIBLE:
        return found.reason if found.verdict == Verdict.NOT_ELIGIBLE else None
    if facts.certified_unqualified or facts.reason in _RESCINDABLE:
        return None
    if category.group in _NOT_SENT:
        return Note(gettext_noop("该类商品不便退回，请用仅退款。"))
    if days <= RETURN_DAYS or _not_after(found, days):
        return None
    if facts.repairs >= REPAIRS:
        return Note(gettext_noop("同一问题维修两次仍有故障的，先换货。"))
    return Note(gettext_noop("签收已超过七日，先换货或维修；不能达到合同目的的由主管决定退货。"))


def _not_after(found: Judgement, days: int) -> bool:
    """The last of the seven days was a holiday and the period runs on."""
    late = any("超过七日" in note.text for note in found.notes)
    return found.deadline is not None and not late and days <= EXCHANGE_DAYS


def _no_refund_only(facts: Facts, category: Category, found: Judgement) -> Note | None:
    if found.verdict == Verdict.NOT_ELIGIBLE:
        return found.reason
    if facts.reason == Reason.NO_REASON:
        return Note(gettext_noop("无理由退货须退回商品。"))
    if category.group in _NOT_SENT or category.group == Group.SEALED or facts.reason == Reason.DAMAGED:
        return None
    return Note(gettext_noop("商品可以退回，请用退货退款。"))


def _no_exchange(facts: Facts, category: Category, found: Judgement, days: int) -> Note | None:
    if found.verdict == Verdict.NOT_ELIGIBLE:
        return found.reason
    if category.group in _NOT_SENT:
        return Note(gettext_noop("该类商品不适用换货。"))
    if facts.reason == Reason.WARRANTY and days > EXCHANGE_DAYS and facts.repairs < REPAIRS:
        return Note(gettext_noop("已超过十五日换货期；同一问题维修两次仍有故障的可以换货。"))
    return None


def _no_repair(facts: Facts, category: Category) -> Note | None:
    if facts.reason == Reason.NO_REASON:
        return Note(gettext_noop("没有质量问题，无须维修。"))
    if not category.is_repairable:
        return Note(gettext_noop("该类商品不适用维修。"))
    if facts.reason == Reason.WRONG_ITEM:
        return Note(gettext_noop("发错商品不能靠维修解决。"))
    return None
