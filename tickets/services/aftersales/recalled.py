"""Recalls hear of after-sales: what came back and what was made good moves the orders concerned by itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from core.events import Event
from customers.models import RecallOrder
from customers.recall_choices import AffectedStatus, RecallStatus
from customers.recalls import progress
from customers.recalls.running import STARTED
from tickets.aftersales_choices import REFUNDED, SENT_BACK, AfterSalesKind, AfterSalesState
from tickets.models import AfterSales

KINDS = ["aftersales.receive", "aftersales.complete", STARTED]
#: What makes a dangerous product good; money on top does not.
REMEDIES = tuple(dict.fromkeys([*SENT_BACK, *REFUNDED]))
_GRANTED = (AfterSalesState.DONE, AfterSalesState.FED_BACK, AfterSalesState.EVALUATED)


def react(events: Sequence[Event]) -> None:
    """Follow the requests of these events, and everything there was before a recall that has just begun."""
    requests = {event.payload["aftersales"] for event in events if event.kind != STARTED}
    begun = {event.subject_id for event in events if event.kind == STARTED}
    orders = AfterSales.objects.filter(Q(pk__in=requests) | Q(order__recalls__recall__in=begun)).values("order")
    rows = RecallOrder.objects.filter(recall__status=RecallStatus.RUNNING, order__in=orders).select_related("recall")
    concerned = list(rows.order_by("pk"))
    known = AfterSales.objects.filter(order__in={row.order_id for row in concerned}, kind__in=REMEDIES, refusal="")
    by_order: dict[int, list[AfterSales]] = {}
    for request in known.exclude(state=AfterSalesState.CANCELLED).order_by("pk"):
        by_order.setdefault(request.order_id, []).append(request)
    for row in concerned:
        _follow(row, [one for one in by_order.get(row.order_id, []) if _is_about(one, row)])


def _is_about(request: AfterSales, row: Any) -> bool:
    """The recalled goods, or the whole order given back without naming any."""
    if not request.sku:
        return bool(request.kind == AfterSalesKind.REFUND_ONLY)
    return request.sku == row.recall.sku and (not request.batch or not row.batches or request.batch in row.batches)


def _follow(row: Any, requests: Sequence[AfterSales]) -> None:
    found = {
        AffectedStatus.RETURNED: _when(row.quantity, ((one, one.received_at) for one in requests)),
        AffectedStatus.REMEDIED: _when(
            row.quantity, ((one, one.finished_at if one.state in _GRANTED else None) for one in requests)
        ),
    }
    moments = {str(step): at for step, at in found.items() if at is not None}
    if moments:
        ids = "、".join(f"#{one.pk}" for one in requests)
        progress.settle(recall_order=row, moments=moments, note=_("售后单 %(ids)s") % {"ids": ids})


def _when(quantity: int, done: Iterable[tuple[AfterSales, datetime | None]]) -> datetime | None:
    """The moment by which all pieces were done; None while some are missing. A whole order counts as all."""
    moments = sorted((at, one.quantity if one.sku else quantity) for one, at in done if at is not None)
    total = 0
    for at, pieces in moments:
        total += pieces
        if total >= quantity:
            return at
    return None
