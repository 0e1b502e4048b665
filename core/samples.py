"""Two samples compared: is the second really lower or higher, and by how much? Pure arithmetic by SciPy.

SciPy's statistics take most of a second to load, so they are loaded when somebody first asks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from core.statistics import Interval, z_value

#: From so many values on each side the mean is normal enough; below, the interval is found by resampling.
NORMAL_FROM = 200
RESAMPLES = 1999
_SEED = 20261122


@dataclass(frozen=True)
class Shift:
    """How far the mean of the second sample lies above that of the first. `method` names test and interval."""

    value: float
    interval: Interval
    p_value: float
    n_first: int
    n_second: int
    method: str


def compare_samples(first: Sequence[float], second: Sequence[float]) -> Shift | None:
    """The Mann–Whitney test (two-sided) and the 95 % interval of the difference of means; None for fewer than two."""
    if min(len(first), len(second)) < 2:
        return None
    from scipy.stats import mannwhitneyu  # loaded late: see above

    value = fmean(second) - fmean(first)
    p_value = float(mannwhitneyu(second, first, alternative="two-sided").pvalue)
    if min(len(first), len(second)) >= NORMAL_FROM:
        reach = z_value() * math.sqrt(variance(first) / len(first) + variance(second) / len(second))
        interval, way = Interval(value - reach, value + reach), "welch"
    else:
        interval, way = _resampled(first, second), "bootstrap"
    return Shift(value, interval, 1.0 if math.isnan(p_value) else p_value, len(first), len(second), way)


def _resampled(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The percentile bootstrap of the difference of means; always the same for the same samples."""
    import numpy  # loaded late: see above

    dice = numpy.random.default_rng(_SEED)
    means = [
        dice.choice(numpy.asarray(sample, dtype=float), size=(RESAMPLES, len(sample))).mean(axis=1)
        for sample in (first, second)
    ]
    low, high = numpy.percentile(means[1] - means[0], [2.5, 97.5])
    return Interval(float(low), float(high))


def poisson_excess(count: int, expected: float) -> float:
    """The chance of seeing `count` or more when `expected` are usual (Poisson); 1 when nothing was seen."""
    if count < 0 or expected < 0:
        raise ValueError("Counts and expectations are not negative.")
    if count == 0:
        return 1.0
    if expected == 0:
        return 0.0
    if expected > 700:
        # The terms underflow: the normal distribution with continuity correction is exact enough here.
        return 0.5 * math.erfc((count - 0.5 - expected) / math.sqrt(2 * expected))
    term = total = math.exp(-expected)
    for number in range(1, count):
        term *= expected / number
        total += term
    if total < 0.999:
        return 1 - total
    # Far out the remainder is summed itself: one minus nearly one would have no digits left.
    term = math.exp(-expected + count * math.log(expected) - math.lgamma(count + 1))
    rest, number = 0.0, count
    while term > rest * 1e-16 and term > 0:
        rest += term
        number += 1
        term *= expected / number
    return rest
