"""Words of after-sales and the table of its allowed moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AfterSalesKind(models.TextChoices):
    """What the customer gets (capability D05)."""

    RETURN_REFUND = "return_refund", _("退货退款")
    REFUND_ONLY = "refund_only", _("仅退款")
    EXCHANGE = "exchange", _("换货")
    REPAIR = "repair", _("维修")
    PRICE_DIFFERENCE = "price_difference", _("补差价")
    COMPENSATION = "compensation", _("补偿")


#: The goods come back to the warehouse, and are looked at there before anything is decided.
SENT_BACK = (AfterSalesKind.RETURN_REFUND, AfterSalesKind.EXCHANGE, AfterSalesKind.REPAIR)
#: Money goes back out of what was paid.
REFUNDED = (AfterSalesKind.RETURN_REFUND, AfterSalesKind.REFUND_ONLY)
#: Money on top, by the compensation calculator.
COMPENSATED = (AfterSalesKind.PRICE_DIFFERENCE, AfterSalesKind.COMPENSATION)


class GreenOption(models.TextChoices):
    """What the customer chose to save goods and parcels by (D18); repair is an outcome of its own."""

    TRADE_IN = "trade_in", _("以旧换新")
    RECYCLE = "recycle", _("旧件回收")
    PACKAGING = "packaging", _("绿色包装寄回")


#: Which of them goes with which outcome.
GREEN_OF: dict[str, tuple[str, ...]] = {
    AfterSalesKind.RETURN_REFUND: (GreenOption.PACKAGING, GreenOption.RECYCLE),
    AfterSalesKind.REFUND_ONLY: (GreenOption.RECYCLE,),
    AfterSalesKind.EXCHANGE: (GreenOption.PACKAGING, GreenOption.TRADE_IN),
    AfterSalesKind.REPAIR: (GreenOption.PACKAGING,),
}


class ExperimentKind(models.TextChoices):
    """Ways of service that are tried out: recorded, labelled, and left out of norms and shares (D18)."""

    VIRTUAL_TRY = "virtual_try", _("虚拟试用")
    VIRTUAL_REPAIR = "virtual_repair", _("虚拟维修")


class AfterSalesReason(models.TextChoices):
    NO_REASON = "no_reason", _("七日无理由")
    QUALITY = "quality", _("质量问题")
    WRONG_ITEM = "wrong_item", _("发错商品")
    DAMAGED = "damaged", _("运输破损")
    NOT_AS_DESCRIBED = "not_as_described", _("与描述不符")
    MISADVISED = "misadvised", _("与客服描述不符")
    WARRANTY = "warranty", _("保修")
    NOT_RECEIVED = "not_received", _("未收到货")
    PRICE = "price", _("价格差异")
    OTHER = "other", _("其他原因")


#: Reasons that the returns table does not know by this name.
JUDGED_AS = {AfterSalesReason.MISADVISED: "not_as_described"}
#: Reasons that are not about goods in the customer's hands.
NOT_JUDGED = (AfterSalesReason.NOT_RECEIVED, AfterSalesReason.PRICE, AfterSalesReason.OTHER)


class GoodsCondition(models.TextChoices):
    INTACT = "intact", _("完好")
    SEAL_BROKEN = "seal_broken", _("已拆封")
    ACTIVATED = "activated", _("已激活")
    USED = "used", _("已使用")
    UNKNOWN = "unknown", _("不清楚")


class AfterSalesState(models.TextChoices):
    """Where it stands; named by what is waited for."""

    APPLIED = "applied", _("待受理")
    APPROVING = "approving", _("待审批")
    RETURNING = "returning", _("待寄回")
    INSPECTING = "inspecting", _("待验货")
    DECIDING = "deciding", _("待决定")
    EXECUTING = "executing", _("执行中")
    DONE = "done", _("待反馈")
    REFUSED = "refused", _("已拒绝")
    FED_BACK = "fed_back", _("待评价")
    EVALUATED = "evaluated", _("已评价")
    CANCELLED = "cancelled", _("已撤销")


class AfterSalesAction(models.TextChoices):
    ACCEPT = "accept", _("受理")
    REFUSE = "refuse", _("拒绝")
    RECEIVE = "receive", _("登记到仓")
    INSPECT = "inspect", _("验货")
    DECIDE = "decide", _("决定")
    COMPLETE = "complete", _("完成")
    FEEDBACK = "feedback", _("反馈客户")
    EVALUATE = "evaluate", _("评价")
    SWITCH = "switch", _("改方案")
    CANCEL = "cancel", _("撤销")


_S, _A = AfterSalesState, AfterSalesAction
#: From a state, what may be done. Where it leads to follows from what is wanted.
ALLOWED: dict[str, tuple[str, ...]] = {
    _S.APPLIED: (_A.ACCEPT, _A.REFUSE, _A.SWITCH, _A.CANCEL),
    _S.APPROVING: (_A.CANCEL,),
    _S.RETURNING: (_A.RECEIVE, _A.SWITCH, _A.CANCEL),
    _S.INSPECTING: (_A.INSPECT, _A.SWITCH),
    _S.DECIDING: (_A.DECIDE, _A.REFUSE, _A.SWITCH),
    _S.EXECUTING: (_A.COMPLETE,),
    _S.DONE: (_A.FEEDBACK,),
    _S.REFUSED: (_A.FEEDBACK,),
    _S.FED_BACK: (_A.EVALUATE,),
    _S.EVALUATED: (),
    _S.CANCELLED: (),
}
#: The seller owes the next step, or the customer does.
OPEN_STATES = (_S.APPLIED, _S.APPROVING, _S.RETURNING, _S.INSPECTING, _S.DECIDING, _S.EXECUTING)
FINISHED_STATES = (_S.EVALUATED, _S.CANCELLED)
#: What was decided has been done; a request that was refused passes the last two as well.
EXECUTED_STATES = (_S.DONE, _S.FED_BACK, _S.EVALUATED)
STATE_TONES: dict[str, str] = {
    _S.APPLIED: "warn",
    _S.APPROVING: "warn",
    _S.RETURNING: "info",
    _S.INSPECTING: "info",
    _S.DECIDING: "warn",
    _S.EXECUTING: "info",
    _S.DONE: "good",
    _S.REFUSED: "bad",
    _S.FED_BACK: "good",
    _S.EVALUATED: "good",
    _S.CANCELLED: "",
}


class LimitStage(models.TextChoices):
    """What a time limit is for: a state, or a whole span that law or platform counts."""

    APPLIED = "applied", _("受理")
    RETURNING = "returning", _("买家寄回")
    INSPECTING = "inspecting", _("验货")
    DECIDING = "deciding", _("决定")
    EXECUTING = "executing", _("执行")
    DONE = "done", _("反馈客户")
    REFUSED = "refused", _("告知拒绝")
    FED_BACK = "fed_back", _("客户评价")
    GOODS_BACK = "goods_back", _("收到退货后办结")
    RED_LINE = "red_line", _("十五日红线")


class InspectionResult(models.TextChoices):
    """What the warehouse found (capability D01)."""

    INTACT = "intact", pgettext_lazy("goods", "完好")
    NOT_INTACT = "not_intact", _("不完好")
    WRONG_GOODS = "wrong_goods", _("错件")


class WarrantyKind(models.TextChoices):
    STATUTORY = "statutory", _("三包")
    SHOP = "shop", _("店铺质保")
    EXTENDED = "extended", _("延保")


class RefundStatus(models.TextChoices):
    PENDING = "pending", _("待退款")
    PAID = "paid", _("已退款")
    FAILED = "failed", _("退款失败")
    REVERSED = "reversed", _("已冲正")


#: What holds its place in the order's money: a failed payment is tried again.
REFUND_STANDING = (RefundStatus.PENDING, RefundStatus.PAID, RefundStatus.FAILED)
