"""What is asked and what is answered."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import Note


class Reason(StrEnum):
    """Why the customer wants it."""

    NO_REASON = "no_reason"
    QUALITY = "quality"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    NOT_AS_DESCRIBED = "not_as_described"
    WARRANTY = "warranty"


class Condition(StrEnum):
    """What is known of the goods. Opened to look at is not yet `used`."""

    INTACT = "intact"
    SEAL_BROKEN = "seal_broken"
    ACTIVATED = "activated"
    USED = "used"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    NEEDS_EVIDENCE = "needs_evidence"
    NEEDS_DECISION = "needs_decision"


class RemedyKind(StrEnum):
    RETURN_REFUND = "return_refund"
    REFUND_ONLY = "refund_only"
    EXCHANGE = "exchange"
    REPAIR = "repair"
    PRICE_DIFFERENCE = "price_difference"
    COMPENSATION = "compensation"


REASONS: dict[str, str] = {
    Reason.NO_REASON: gettext_noop("七日无理由"),
    Reason.QUALITY: gettext_noop("质量问题"),
    Reason.WRONG_ITEM: gettext_noop("发错商品"),
    Reason.DAMAGED: gettext_noop("运输破损"),
    Reason.NOT_AS_DESCRIBED: gettext_noop("与描述不符"),
    Reason.WARRANTY: gettext_noop("保修"),
}
CONDITIONS: dict[str, str] = {
    Condition.INTACT: gettext_noop("完好"),
    Condition.SEAL_BROKEN: gettext_noop("已拆封"),
    Condition.ACTIVATED: gettext_noop("已激活"),
    Condition.USED: gettext_noop("已使用"),
    Condition.UNKNOWN: gettext_noop("不清楚"),
}
VERDICTS: dict[str, str] = {
    Verdict.ELIGIBLE: gettext_noop("符合条件"),
    Verdict.NOT_ELIGIBLE: gettext_noop("不符合条件"),
    Verdict.NEEDS_EVIDENCE: gettext_noop("需要凭证"),
    Verdict.NEEDS_DECISION: gettext_noop("需人工判定"),
}
REMEDIES: dict[str, str] = {
    RemedyKind.RETURN_REFUND: gettext_noop("退货退款"),
    RemedyKind.REFUND_ONLY: gettext_noop("仅退款"),
    RemedyKind.EXCHANGE: gettext_noop("换货"),
    RemedyKind.REPAIR: gettext_noop("维修"),
    RemedyKind.PRICE_DIFFERENCE: gettext_noop("补差价"),
    RemedyKind.COMPENSATION: gettext_noop("补偿"),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of the goods and of the wish.

    exclusion_confirmed: the buyer confirmed at purchase that there is no return without reason; None = no
    record of it. made_to_order: False when "custom" goods were in stock in fact. promised_days: the shop's own
    promise of returns without reason. gift_price: the announced price of a gift that did not come back.
    has_evidence: photo, appraisal or medical proof is there. warranty_until: the last day of the warranty, when
    it is known. repairs: how often it was repaired for the same fault.
    """

    category: str
    signed_at: datetime | None
    requested_at: datetime | None
    reason: str
    condition: str = Condition.UNKNOWN
    exclusion_confirmed: bool | None = None
    made_to_order: bool | None = None
    promised_days: int | None = None
    gift_price: Decimal | None = None
    has_evidence: bool = False
    health_harm: bool = False
    certified_unqualified: bool = False
    repairs: int = 0
    warranty_until: date | None = None


@dataclass(frozen=True)
class Remedy:
    """One way to put it right. `why`: why it is not offered, or what to heed when it is."""

    kind: str
    is_offered: bool
    why: Note | None = None


@dataclass(frozen=True)
class Judgement:
    """The answer. `rule` is the row of the rules; `freight` who pays the way back ("buyer", "seller" or "").

    deadline: the moment at which the time without reason is over. deduction: taken off the refund.
    burden: who must prove the defect. escalate: somebody's health is at stake.
    """

    verdict: str
    rule: str
    reason: Note
    basis: tuple[str, ...]
    freight: str = ""
    deadline: datetime | None = None
    deduction: Decimal | None = None
    burden: str = ""
    escalate: bool = False
    notes: tuple[Note, ...] = ()
    remedies: tuple[Remedy, ...] = field(default=())

    @property
    def offered(self) -> tuple[str, ...]:
        return tuple(remedy.kind for remedy in self.remedies if remedy.is_offered)
