"""What similar complaints were given (C15): the same category and band of the price paid. Pure.

The outcome of a compensation is its sum as a share of the price, so that a glass and a washing machine compare.
Percentiles interpolate linearly between ranks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Prices from … up to, and without, the next; the last band is open.
BANDS = (Decimal(0), Decimal(50), Decimal(200), Decimal(500), Decimal(2000))
#: Fewer outcomes bind nobody.
FEWEST = 10
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True)
class Band:
    """A band of prices; `high` None is open."""

    low: Decimal
    high: Decimal | None

    @property
    def text(self) -> str:
        return f"{self.low:.0f}–{self.high:.0f}" if self.high is not None else f"≥{self.low:.0f}"


def band_of(price: Decimal) -> Band:
    """The band a price lies in."""
    index = max(number for number, low in enumerate(BANDS) if price >= low)
    return Band(BANDS[index], BANDS[index + 1] if index + 1 < len(BANDS) else None)


@dataclass(frozen=True)
class Spread:
    """How outcomes lie: shares of the price (1 = all of it). Percentiles are None without any outcome."""

    n: int
    p10: float | None
    median: float | None
    p90: float | None

    @property
    def binds(self) -> bool:
        """Whether there are enough to ask a reason of whoever leaves them."""
        return self.n >= FEWEST

    def is_outside(self, share: float) -> bool:
        """Whether an outcome lies below P10 or above P90 of enough others; rounded to a hundredth of a percent."""
        if not self.binds or self.p10 is None or self.p90 is None:
            return False
        return not round(self.p10, 4) <= round(share, 4) <= round(self.p90, 4)


def spread_of(shares: Sequence[float]) -> Spread:
    ranked = sorted(shares)
    return Spread(len(ranked), _percentile(ranked, LOW), _percentile(ranked, 0.5), _percentile(ranked, HIGH))


def _percentile(ranked: Sequence[float], share: float) -> float | None:
    if not ranked:
        return None
    place = share * (len(ranked) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
