"""Which orders a recall concerns. Only what was sold of the batches; never who bought after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, Q, Sum
from django.utils.translation import gettext as _

from core.errors import Conflict
from core.wording import listed
from customers.choices import OrderStatus
from customers.models import OrderItem
from customers.services.validation import clean_line, field_error

MOST_BATCHES = 50
KNOWN_SHOWN = 20
#: Never handed to the customer. A refunded order may still be in the house of who bought it.
_NEVER_DELIVERED = Q(order__status__in=[OrderStatus.CREATED, OrderStatus.CANCELLED]) | Q(
    order__status=OrderStatus.REFUNDED, order__shipped_at=None, order__signed_at=None
)


@dataclass(frozen=True)
class Scope:
    """What a recall would reach. `first` and `last`: when the batches were sold.

    unknown: orders of that time whose batch nobody noted; they are asked for by name or left out.
    """

    orders: int
    customers: int
    units: int
    unknown: int
    first: datetime
    last: datetime


def clean_batches(batches: Sequence[str]) -> list[str]:
    """Trimmed, each once. Raises InvalidInput naming the field batches."""
    cleaned = list(dict.fromkeys(one for one in (clean_line(b, field="batches", limit=100) for b in batches) if one))
    if not cleaned:
        raise field_error("batches", _("请填写批次。"))
    if len(cleaned) > MOST_BATCHES:
        raise field_error("batches", _("一次最多 %(n)d 个批次。") % {"n": MOST_BATCHES})
    return cleaned


def sold(sku: str) -> Any:
    """Lines of the product that reached customers."""
    return OrderItem.objects.filter(sku=sku).exclude(_NEVER_DELIVERED).order_by()


def scope_of(*, sku: str, batches: Sequence[str]) -> Scope:
    """What was sold of the batches. Raises InvalidInput for an unknown product or batch: no recall of nothing."""
    sku = clean_line(sku, field="sku", limit=100)
    wanted = clean_batches(batches)
    known = OrderItem.objects.filter(sku=sku).order_by()
    if not sku or not known.exists():
        raise field_error("sku", _("没有卖出过这个商品：%(sku)s。") % {"sku": sku or "—"}, code="unknown_product")
    _refuse_unknown(known, wanted)
    lines = sold(sku).filter(batch__in=wanted)
    found = lines.aggregate(
        orders=Count("order", distinct=True),
        customers=Count("order__customer", distinct=True),
        units=Sum("quantity"),
        first=Min("order__ordered_at"),
        last=Max("order__ordered_at"),
    )
    if not found["orders"]:
        raise Conflict(_("这些批次没有送到客户手里的订单，不需要召回。"), code="nothing_affected")
    unknown = of_unknown_batch(sku, found["first"], found["last"]).aggregate(n=Count("order", distinct=True))["n"]
    return Scope(
        found["orders"], found["customers"], found["units"] or 0, unknown, first=found["first"], last=found["last"]
    )


def of_unknown_batch(sku: str, first: datetime, last: datetime) -> Any:
    """Lines without a batch, sold while the batches were: later ones are of a later batch."""
    return sold(sku).filter(batch="", order__ordered_at__gte=first, order__ordered_at__lte=last)


def affected(*, sku: str, batches: Sequence[str], scope: Scope, includes_unknown: bool) -> Any:
    """(order, batches, quantity, is_unknown) of every order concerned, each once."""
    condition = Q(batch__in=batches)
    if includes_unknown:
        condition |= Q(batch="", order__ordered_at__gte=scope.first, order__ordered_at__lte=scope.last)
    return (
        sold(sku)
        .filter(condition)
        .values("order_id")
        .annotate(found=ArrayAgg("batch", distinct=True, default=[]), units=Sum("quantity"))
        .order_by("order_id")
    )


def _refuse_unknown(known: Any, wanted: Sequence[str]) -> None:
    have = set(known.filter(batch__in=wanted).values_list("batch", flat=True).distinct())
    missing = [one for one in wanted if one not in have]
    if not missing:
        return
    others = known.exclude(batch="").values_list("batch", flat=True).distinct().order_by("batch")[:KNOWN_SHOWN]
    hint = listed(others) or _("没有登记过批次")
    sentence = _("找不到批次：%(missing)s。该商品已知批次：%(known)s。") % {"missing": listed(missing), "known": hint}
    raise field_error("batches", sentence, code="unknown_batch")
