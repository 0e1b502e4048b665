"""Statutory deadlines of a request on the board of deadlines: begun, met and dropped as the request moves."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from customers.choices import ShopPlatform
from tickets.aftersales_choices import OPEN_STATES, AfterSalesKind, AfterSalesReason, AfterSalesState
from tickets.models import AfterSales, LegalClock
from tickets.services.legal import clocks, drop_clock, meet_clock, rules, start_clock

if TYPE_CHECKING:
    from crm.staff.models import User

_K, _S = AfterSalesKind, AfterSalesState
RED_LINE, UNRECEIVED, REVIEW = "refund.redline", "refund.unreceived", "quality.review.jd"
#: What runs from the day the goods are back with us, by what the customer gets.
AFTER_RECEIPT = {_K.RETURN_REFUND: "refund.after_receipt", _K.EXCHANGE: "exchange.reship", _K.REPAIR: "repair.max"}
#: The answer is what was due here, not the money.
ANSWERED = (RED_LINE, REVIEW)


@dataclass(frozen=True)
class _Running:
    """A deadline of this request that is neither met nor dropped, under the key it was begun with."""

    code: str
    key: str


def follow(request: AfterSales, actor: "User | None") -> None:
    """Let the board say what this request owes now: what begins, what was done, what does not apply any more.

    Called after every move; nothing happens twice. Rules that are switched off begin nothing.
    """
    wanted = _wanted(request)
    prefix = f"after_sales:{request.pk}"
    rows = LegalClock.objects.filter(ticket=request.ticket_id, key__startswith=f"{prefix}:").select_related("rule")
    told = [(row, _Running(row.rule.code, row.key.removesuffix(f":{row.rule.code}"))) for row in rows]
    running = {each.code: each for row, each in told if row.met_at is None and row.dropped_at is None}
    for code, each in running.items():
        if code not in wanted:
            _end(request, each, actor)
    for code, began in wanted.items():
        rule = rules.find(code) if code not in running else None
        if rule is None or not rule.is_active or clocks.is_too_old(began):
            continue
        before = sum(1 for _row, each in told if each.code == code)
        start_clock(
            rule=code, key=f"{prefix}.{before}" if before else prefix, started_at=began, actor=actor,
            ticket=request.ticket, owner=request.handler,
        )  # fmt: skip


def board_warns(request: AfterSales, *, at: datetime) -> bool:
    """Whether the board's own red line of this request warns on the day of this moment: one ring is enough."""
    rows: Any = LegalClock.objects.filter(ticket=request.ticket_id, rule__code=RED_LINE)
    running = rows.running().filter(key__startswith=f"after_sales:{request.pk}:").first()
    return running is not None and (at - request.requested_at).days in running.warns


def _wanted(request: AfterSales) -> dict[str, datetime]:
    """The rules that bind us now, each with the moment its period began."""
    if request.state not in OPEN_STATES:
        return {}
    found = {RED_LINE: request.requested_at}
    if request.kind in AFTER_RECEIPT and request.received_at is not None:
        found[AFTER_RECEIPT[_K(request.kind)]] = request.received_at
    if request.kind == _K.REFUND_ONLY and request.order.shipped_at is None and request.order.signed_at is None:
        found[UNRECEIVED] = request.requested_at
    quality = request.reason == AfterSalesReason.QUALITY and request.order.shop.platform == ShopPlatform.JD
    if quality and request.accepted_at is None:
        found[REVIEW] = request.requested_at
    return found


def _end(request: AfterSales, running: _Running, actor: "User | None") -> None:
    """Done, or not owed any more. What was missed stays on the board until somebody explains it."""
    answered = running.code in ANSWERED and request.state != _S.CANCELLED
    if request.state == _S.DONE or answered:
        meet_clock(rule=running.code, key=running.key, at=request.state_at, actor=actor)
        return
    reasons = {_S.CANCELLED: _("售后申请已撤销"), _S.REFUSED: _("售后申请已拒绝，并说明了理由")}
    reason = reasons.get(_S(request.state), _("售后方案已改为%(kind)s") % {"kind": request.get_kind_display()})
    drop_clock(rule=running.code, key=running.key, reason=reason)
