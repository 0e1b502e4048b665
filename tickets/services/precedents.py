"""Looking up what similar complaints were given, and asking a reason of whoever leaves the usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput
from customers.models import Order
from tickets.choices import COMPENSATION_STANDING
from tickets.compensation import Quote, money_of
from tickets.models import Compensation, ComplaintOutcome, Ticket
from tickets.precedents import Band, Spread, band_of, spread_of

GOODWILL = "C-22"
#: Older outcomes were another time; of newer ones the latest so many are looked at.
RECENT = timedelta(days=365)
MOST = 500


@dataclass(frozen=True)
class Precedents:
    """The outcomes of a category and band, and by case: (case, how many, mean share of the price)."""

    category: str
    band: Band
    spread: Spread
    cases: tuple[tuple[str, int, float], ...]

    def money(self, share: float | None, price: Decimal) -> Decimal | None:
        """A share of the price as a sum."""
        return None if share is None else (Decimal(str(share)) * price).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Aftermath:
    """Of similar complaints that were looked at again after thirty days: how many, and how many came again."""

    n: int
    repeated: int

    @property
    def text(self) -> str:
        words = _("同类投诉 %(n)d 件已满 30 天，其中 %(repeated)d 件再次投诉。")
        return words % {"n": self.n, "repeated": self.repeated}


def order_of(ticket: Ticket) -> Order | None:
    """The order a ticket is about, if it is the customer's."""
    if not ticket.order_no:
        return None
    return Order.objects.filter(customer=ticket.customer_id, order_no=ticket.order_no).first()


def price_of(inputs: Mapping[str, Any]) -> Decimal | None:
    """The price a calculation rests on, None where the case knows none."""
    price = money_of(str(inputs.get("P", "")))
    return price if price is not None and price > 0 else None


def precedents_of(*, category: str, price: Decimal) -> Precedents:
    """What was granted for the category in the price's band. One statement over an index."""
    band = band_of(price)
    rows = Compensation.objects.filter(
        ticket__isnull=False,
        category=category,
        price__gte=max(band.low, Decimal("0.01")),
        status__in=COMPENSATION_STANDING,
        granted_at__gte=clock.now() - RECENT,
    )
    if band.high is not None:
        rows = rows.filter(price__lt=band.high)
    found = [
        (case, float(amount / paid))
        for case, amount, paid in rows.order_by("-id").values_list("case", "amount", "price")[:MOST]
    ]
    by_case: dict[str, list[float]] = {}
    for case, share in found:
        by_case.setdefault(case, []).append(share)
    cases = sorted(by_case.items(), key=lambda item: (-len(item[1]), item[0]))
    return Precedents(
        category,
        band,
        spread_of([share for _case, share in found]),
        tuple((case, len(shares), sum(shares) / len(shares)) for case, shares in cases),
    )


def aftermath_of(*, category: str, price: Decimal | None) -> Aftermath:
    """What became of the category's complaints, in the price's band when it is known. One statement over an index."""
    rows = ComplaintOutcome.objects.filter(category=category, closed_at__gte=clock.now() - RECENT)
    if price is not None:
        band = band_of(price)
        rows = rows.filter(price__gte=max(band.low, Decimal("0.01")))
        rows = rows if band.high is None else rows.filter(price__lt=band.high)
    repeats = list(rows.order_by("-id").values_list("repeat_count", flat=True)[:MOST])
    return Aftermath(len(repeats), sum(count > 0 for count in repeats))


def require_reason(ticket: Ticket, found: Quote, inputs: Mapping[str, Any], amount: Decimal, note: str) -> None:
    """Refuse an outcome outside P10–P90 of similar complaints that gives no reason in its note.

    Exactly what a rule other than goodwill owes has its reason: the rule.
    """
    price = price_of(inputs)
    is_owed = found.case != GOODWILL and amount in (found.floor, found.total)
    if price is None or not ticket.category or note.strip() or is_owed:
        return
    known = precedents_of(category=ticket.category, price=price)
    if not known.spread.is_outside(float(amount / price)):
        return
    values = {
        "category": ticket.category,
        "band": known.band.text,
        "n": known.spread.n,
        "low": known.money(known.spread.p10, price),
        "high": known.money(known.spread.p90, price),
    }
    words = _("同类投诉（%(category)s，实付 %(band)s 元，%(n)d 件）多为 %(low)s–%(high)s 元，超出须在备注写明理由。")
    sentence = words % values
    raise InvalidInput(sentence, code="outside_precedents", fields={"note": [sentence]})
