"""Shares and means with their 95 % intervals, and two groups compared stratum by stratum. Pure.

Fewer than thirty observations are said to be too few (样本不足): the figure is shown, nothing is concluded from it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from core.statistics import Interval, two_proportions, wilson, z_value

FEWEST = 30


@dataclass(frozen=True)
class Share:
    """`hits` of `n`; value and Wilson interval are fractions, None without observations."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.n)

    @property
    def is_enough(self) -> bool:
        return self.n >= FEWEST


@dataclass(frozen=True)
class Mean:
    """A mean of `n` values with their sample deviation; the normal interval is None for fewer than two."""

    value: float | None
    deviation: float | None
    n: int

    @property
    def interval(self) -> Interval | None:
        if self.value is None or self.deviation is None or self.n < 2:
            return None
        reach = z_value() * self.deviation / math.sqrt(self.n)
        return Interval(self.value - reach, self.value + reach)

    @property
    def is_enough(self) -> bool:
        return self.n >= FEWEST


@dataclass(frozen=True)
class Stratum:
    """Cases alike in everything that was matched: those with the remedy, and those without."""

    treated: Share
    plain: Share

    @property
    def size(self) -> int:
        return self.treated.n + self.plain.n

    @property
    def weight(self) -> float:
        return self.treated.n * self.plain.n / self.size

    @property
    def excess(self) -> float:
        """Hits of the treated above what their part of all hits would be."""
        return (self.treated.hits * self.plain.n - self.plain.hits * self.treated.n) / self.size


@dataclass(frozen=True)
class Matched:
    """How far the share of the treated lies above that of similar untreated ones, as a fraction.

    treated, plain: the cases that found a match; `unmatched` ones had nobody to be compared with. difference and
    interval are those of Mantel and Haenszel (variance after Sato 1989), p that of their test; None without a match.
    """

    treated: Share
    plain: Share
    unmatched: int
    difference: float | None = None
    interval: Interval | None = None
    p_value: float | None = None

    @property
    def is_enough(self) -> bool:
        return self.treated.is_enough and self.plain.is_enough


def matched(strata: Iterable[Stratum]) -> Matched:
    """Compare within strata that have both; each weighs by n₁n₀ ÷ n, so that sparse ones add little."""
    found = list(strata)
    both = [one for one in found if one.treated.n and one.plain.n]
    treated, plain = _sum(one.treated for one in both), _sum(one.plain for one in both)
    unmatched = sum(one.size for one in found) - treated.n - plain.n
    if not both:
        return Matched(treated, plain, unmatched)
    weight, excess = sum(one.weight for one in both), sum(one.excess for one in both)
    value = excess / weight
    variance = value * sum(map(_p, both)) + sum(map(_q, both))
    return Matched(
        treated, plain, unmatched, value, _interval(value, variance, weight, treated, plain), _chance(excess, both)
    )


def _interval(value: float, variance: float, weight: float, treated: Share, plain: Share) -> Interval | None:
    if variance <= 0:
        # Everybody or nobody on both sides: the formula knows no doubt, so the pooled interval stands in.
        pooled = two_proportions(treated.hits, treated.n, plain.hits, plain.n)
        return pooled.interval if pooled is not None else None
    reach = z_value() * math.sqrt(variance) / weight
    return Interval(max(-1.0, value - reach), min(1.0, value + reach))


def _chance(excess: float, both: list[Stratum]) -> float:
    variance = 0.0
    for one in both:
        hits = one.treated.hits + one.plain.hits
        variance += one.treated.n * one.plain.n * hits * (one.size - hits) / (one.size**2 * (one.size - 1))
    return 2 * (1 - NormalDist().cdf(abs(excess) / math.sqrt(variance))) if variance else 1.0


def _sum(shares: Iterable[Share]) -> Share:
    known = list(shares)
    return Share(sum(one.hits for one in known), sum(one.n for one in known))


def _p(one: Stratum) -> float:
    n1, n0 = one.treated.n, one.plain.n
    return (n1 * n1 * one.plain.hits - n0 * n0 * one.treated.hits + n1 * n0 * (n0 - n1) / 2) / one.size**2


def _q(one: Stratum) -> float:
    a, b = one.treated.hits, one.plain.hits
    return (a * (one.plain.n - b) + b * (one.treated.n - a)) / (2 * one.size)
