"""What a customer is worth and how likely they are to stay away: arithmetic alone.

RFM: R is days since the last paid order, F the paid orders of 365 days, M what was paid less
what was refunded in 365 days, in CNY. Churn is an index of absence, not a probability of
leaving. Days are calendar days of the shop's time zone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

WINDOW_DAYS = 365
GROUPS = 5
#: A rhythm is known from two gaps on: three days on which something was bought.
GAPS_NEEDED = 2

OWN, SEGMENT, EVERYBODY = "own", "segment", "everybody"
STAYS, WATCH, WARN, LOST = "stays", "watch", "warn", "lost"


@dataclass(frozen=True)
class Measures:
    """What the paid orders of one customer tell. `days` counts the days on which something was bought."""

    recency: int
    frequency: int
    monetary: Decimal
    orders: int
    days: int
    first_day: date
    last_day: date

    @property
    def gaps(self) -> int:
        return self.days - 1

    @property
    def own_gap(self) -> Decimal | None:
        """Mean days between purchases; None while fewer than GAPS_NEEDED gaps are known."""
        return Decimal((self.last_day - self.first_day).days) / self.gaps if self.gaps >= GAPS_NEEDED else None


@dataclass(frozen=True)
class Base:
    """What the whole base of customers with paid orders looks like.

    The bounds are four values each: the value of rank ⌈k·n/5⌉ of the worst-first order, k = 1…4.
    """

    size: int
    mean_recency: Decimal
    mean_frequency: Decimal
    mean_monetary: Decimal
    recency_bounds: Sequence[int]
    frequency_bounds: Sequence[int]
    monetary_bounds: Sequence[Decimal]
    #: Median own gap in days by segment; a segment where nobody's rhythm is known is missing.
    segment_gaps: Mapping[str, Decimal] = field(default_factory=dict)
    median_gap: Decimal | None = None


@dataclass(frozen=True)
class Limits:
    """From which ratio a band begins, and what is added for a recent grievance."""

    watch: Decimal = Decimal("1.5")
    warn: Decimal = Decimal(2)
    lost: Decimal = Decimal(3)
    complaint: Decimal = Decimal("0.5")
    low_score: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class Churn:
    """`ratio` includes `addition`; `gap` is the days between purchases it was measured against."""

    ratio: Decimal
    addition: Decimal
    band: str
    gap: Decimal
    basis: str


def quintile(smaller: int, size: int) -> int:
    """1 to 5: 1 + ⌊5 · (number strictly smaller) / n⌋; for recency count those strictly larger."""
    return 1 + GROUPS * smaller // size


def segment_of(measures: Measures, base: Base) -> str:
    """Three digits R-F-M, 1 for good: recency at most the mean, the others at least the mean."""
    goods = (
        measures.recency <= base.mean_recency,
        measures.frequency >= base.mean_frequency,
        measures.monetary >= base.mean_monetary,
    )
    return "".join(str(int(good)) for good in goods)


def scores_of(measures: Measures, base: Base) -> tuple[int, int, int]:
    """The quintile scores R, F, M. Against its own base exactly `quintile` of the counted ranks."""
    return (
        1 + sum(bound > measures.recency for bound in base.recency_bounds),
        1 + sum(bound < measures.frequency for bound in base.frequency_bounds),
        1 + sum(bound < measures.monetary for bound in base.monetary_bounds),
    )


def churn_of(
    measures: Measures, *, segment: str, base: Base, limits: Limits, complaint: bool = False, low_score: bool = False
) -> Churn | None:
    """Days since the last order against the usual gap; None when nobody's rhythm is known to compare with."""
    gap, basis = _usual_gap(measures, segment, base)
    if gap is None or gap <= 0:
        return None
    addition = limits.complaint * complaint + limits.low_score * low_score
    ratio = _hundredths(churn_ratio(measures.recency, gap) + addition)
    return Churn(ratio, addition, band_of(ratio, limits), gap, basis)


def _usual_gap(measures: Measures, segment: str, base: Base) -> tuple[Decimal | None, str]:
    if measures.own_gap is not None:
        return measures.own_gap, OWN
    if segment in base.segment_gaps:
        return base.segment_gaps[segment], SEGMENT
    return base.median_gap, EVERYBODY


def churn_ratio(days: int, gap: Decimal) -> Decimal:
    """Days since the last order ÷ days between orders."""
    return Decimal(days) / gap


def band_of(ratio: Decimal, limits: Limits) -> str:
    """The band that a ratio has reached; a limit belongs to the band it begins."""
    bands = ((limits.lost, LOST), (limits.warn, WARN), (limits.watch, WATCH))
    return next((band for limit, band in bands if ratio >= limit), STAYS)


def gone_index(ratio: Decimal) -> float:
    """1 − e^(−ratio): an index of absence between 0 and 1, not a probability of leaving."""
    return 1 - math.exp(-float(ratio))


def simple_clv(*, order_value: Decimal, orders_a_year: Decimal, margin: Decimal, years: Decimal) -> Decimal:
    """Average order × orders a year × margin × years, in CNY, without discount."""
    return order_value * orders_a_year * margin * years


def discounted_clv(
    *, margin: Decimal, retention: Decimal, discount: Decimal, paid_at_start: bool, years: int | None = None
) -> Decimal:
    """The present value of a yearly margin in CNY, for ever or for `years` payments.

    `paid_at_start`: the first margin comes now, undiscounted; otherwise after one year. Raises ValueError
    when retention is not below 1 + discount, because the sum would have no end.
    """
    factor = retention / (1 + discount)
    if factor >= 1:
        raise ValueError("The retention rate must be below 1 + the discount rate.")
    first = margin if paid_at_start else margin * factor
    return first / (1 - factor) if years is None else first * (1 - factor**years) / (1 - factor)


def _hundredths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
