"""What a customer without a login sees of after-sales: their requests, and what may be asked for when (D24)."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Order
from tickets.aftersales_choices import GREEN_OF, AfterSalesKind, AfterSalesState, GreenOption
from tickets.models import AfterSales, Ticket

ROWS = 10
_K, _S = AfterSalesKind, AfterSalesState

#: The conditions in plain words; `is_green` marks what saves goods and parcels.
CONDITIONS: dict[str, str | Promise] = {
    _K.REPAIR: _("保修期内免费维修，维修占用的时间不算在保修期里；能修好的不必换新。"),
    _K.EXCHANGE: _("有质量问题、发错商品，或同一问题修了两次仍有故障时可以换货。"),
    _K.RETURN_REFUND: _("签收后七日内、商品完好可以无理由退货；有质量问题时退货运费由我们承担。"),
    _K.REFUND_ONLY: _("没有收到货，或商品破损、变质不便寄回时可以只退款。"),
    _K.PRICE_DIFFERENCE: _("在价保期内降价的，可以补差价。"),
    _K.COMPENSATION: _("因我们的过错给您造成损失的，可以申请补偿。"),
}
GREEN = (_K.REPAIR,)
#: What goes with an outcome and saves goods and parcels.
GREEN_CONDITIONS: dict[str, str | Promise] = {
    GreenOption.TRADE_IN: _("换货时把旧的一并交回，可折价换新。"),
    GreenOption.RECYCLE: _("不能再用的商品可以交给我们回收，不必自己处理。"),
    GreenOption.PACKAGING: _("用原来的包装或可循环的包装寄回，不用另买纸箱。"),
}
#: Before the goods are there nothing can be sent back.
WITHOUT_GOODS = (_K.REFUND_ONLY, _K.PRICE_DIFFERENCE, _K.COMPENSATION)
#: What a customer reads instead of our own words.
STATES: dict[str, str | Promise] = {
    _S.APPLIED: _("已收到申请"),
    _S.APPROVING: _("正在审核"),
    _S.RETURNING: _("请寄回商品"),
    _S.INSPECTING: _("商品已到仓，正在验货"),
    _S.DECIDING: _("正在处理"),
    _S.EXECUTING: _("已同意，正在办理"),
    _S.DONE: _("已办好"),
    _S.REFUSED: _("未能办理，客服会向您说明"),
    _S.FED_BACK: _("已办好"),
    _S.EVALUATED: _("已完成"),
    _S.CANCELLED: _("已撤销"),
}


@dataclass(frozen=True)
class Remedy:
    """Something the customer may ask for, and when."""

    label: str | Promise
    condition: str | Promise
    is_green: bool


@dataclass(frozen=True)
class Request:
    """One request as its customer reads it."""

    label: str | Promise
    state: str | Promise
    at: datetime


def requests_of(ticket: Ticket) -> list[Request]:
    """The ticket's requests, the newest first."""
    rows = AfterSales.objects.filter(ticket=ticket).order_by("-id")[:ROWS]
    return [Request(AfterSalesKind(row.kind).label, STATES[row.state], row.state_at) for row in rows]


def remedies_of(ticket: Ticket) -> list[Remedy]:
    """What may be asked for now: everything once the goods are there, else what needs no goods."""
    order = (
        Order.objects.filter(customer=ticket.customer_id, order_no=ticket.order_no).first() if ticket.order_no else None
    )
    kinds = list(CONDITIONS) if order is None or order.signed_at is not None else list(WITHOUT_GOODS)
    options = dict.fromkeys(option for kind in kinds for option in GREEN_OF.get(kind, ()))
    return [
        *(Remedy(AfterSalesKind(kind).label, CONDITIONS[kind], kind in GREEN) for kind in kinds),
        *(Remedy(GreenOption(option).label, GREEN_CONDITIONS[option], True) for option in options),
    ]
