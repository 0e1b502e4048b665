"""Satisfaction arithmetic: CSAT, NPS, CES and the Wilson interval. Pure; shares are fractions 0–1.

A figure without answers is None, shown as "—", never 0. Every result carries its sample size.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

CSAT_SCALE = range(1, 6)
NPS_SCALE = range(11)
CES_SCALE = range(1, 8)


class ScoreOutOfRange(ValueError):
    """A score that the scale does not have."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True)
class Csat:
    """`top_two` is the share of 4 and 5; `score` is the mean on a scale of 0 to 100."""

    n: int
    top_two: float | None
    interval: Interval | None
    mean: float | None
    score: float | None


@dataclass(frozen=True)
class Nps:
    """`value`, `standard_error` and the interval are points between −100 and 100."""

    n: int
    value: float | None
    standard_error: float | None
    interval: Interval | None
    promoters: int
    passives: int
    detractors: int


@dataclass(frozen=True)
class Ces:
    """Customer effort, 7 = very easy. `top_three` is the share of 5, 6 and 7."""

    n: int
    mean: float | None
    top_three: float | None
    interval: Interval | None


def z_value(confidence: float = 0.95) -> float:
    """The two-sided normal quantile of a confidence level."""
    if not 0 < confidence < 1:
        raise ValueError("A confidence level lies between 0 and 1.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """The Wilson score interval of a share; None without observations."""
    if not 0 <= successes <= n:
        raise ValueError("Successes lie between 0 and the number of observations.")
    if n == 0:
        return None
    z = z_value(confidence)
    share = successes / n
    middle = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Rounding must not push the limits off 0 % and 100 %, where they are exact.
    low = max(0.0, (middle - reach) / scale) if successes else 0.0
    high = min(1.0, (middle + reach) / scale) if successes < n else 1.0
    return Interval(low, high)


@dataclass(frozen=True)
class Difference:
    """How far a share lies above another, in the same unit (0.05 = 5 points)."""

    value: float
    interval: Interval
    p_value: float


def two_proportions(first: int, n_first: int, second: int, n_second: int) -> Difference | None:
    """Two independent shares compared; None when either has no observations.

    The p-value is that of the two-sided z-test with the pooled share; the interval is Newcombe's (1998, method 10)
    from the two Wilson intervals, which unlike the simple one holds for small samples and shares near 0 and 1.
    """
    low, high = wilson(first, n_first), wilson(second, n_second)
    if low is None or high is None:
        return None
    one, other = first / n_first, second / n_second
    value = one - other
    below = math.hypot(one - low.low, high.high - other)
    above = math.hypot(low.high - one, other - high.low)
    pooled = (first + second) / (n_first + n_second)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_first + 1 / n_second))
    p_value = 2 * (1 - NormalDist().cdf(abs(value) / error)) if error else 1.0
    return Difference(value, Interval(value - below, value + above), p_value)


def rate(part: int, whole: int) -> float | None:
    """A share, None when there is nothing to share."""
    return part / whole if whole else None


def response_rate(answered: int, delivered: int) -> float | None:
    """参评率: answered ÷ delivered invitations."""
    return rate(answered, delivered)


def csat_of_counts(counts: Mapping[int, int]) -> Csat:
    """CSAT of answers counted by score 1–5."""
    _check(counts, CSAT_SCALE)
    n = sum(counts.values())
    if n == 0:
        return Csat(0, None, None, None, None)
    satisfied = counts.get(4, 0) + counts.get(5, 0)
    mean = sum(score * count for score, count in counts.items()) / n
    return Csat(n, satisfied / n, wilson(satisfied, n), mean, (mean - 1) / 4 * 100)


def csat(scores: Iterable[int | None]) -> Csat:
    """CSAT of single answers; a missing answer (None) is not counted."""
    return csat_of_counts(_count(scores))


def nps_of_counts(promoters: int, passives: int, detractors: int) -> Nps:
    """NPS of answers already sorted into promoters (9–10), passives (7–8) and detractors (0–6)."""
    n = promoters + passives + detractors
    if min(promoters, passives, detractors) < 0:
        raise ValueError("Counts are not negative.")
    if n == 0:
        return Nps(0, None, None, None, 0, 0, 0)
    for_it, against = promoters / n, detractors / n
    value = (for_it - against) * 100
    error = math.sqrt((for_it + against - (for_it - against) ** 2) / n) * 100
    reach = z_value() * error
    return Nps(n, value, error, Interval(value - reach, value + reach), promoters, passives, detractors)


def nps(scores: Iterable[int | None]) -> Nps:
    """NPS of single answers 0–10; a missing answer (None) is not counted."""
    counts = _count(scores)
    _check(counts, NPS_SCALE)
    promoters = counts.get(9, 0) + counts.get(10, 0)
    passives = counts.get(7, 0) + counts.get(8, 0)
    return nps_of_counts(promoters, passives, sum(counts.values()) - promoters - passives)


def ces(scores: Iterable[int | None]) -> Ces:
    """CES of single answers 1–7; a missing answer (None) is not counted."""
    counts = _count(scores)
    _check(counts, CES_SCALE)
    answers = [score for score, count in counts.items() for _ in range(count)]
    if not answers:
        return Ces(0, None, None, None)
    easy = sum(score >= 5 for score in answers)
    return Ces(len(answers), fmean(answers), easy / len(answers), wilson(easy, len(answers)))


def sample_size(margin: float, *, share: float = 0.5, confidence: float = 0.95, population: int | None = None) -> int:
    """Answers needed to know a share within ± `margin`, rounded up; fewer when the population is small."""
    return math.ceil(exact_sample_size(margin, share=share, confidence=confidence, population=population))


def exact_sample_size(
    margin: float, *, share: float = 0.5, confidence: float = 0.95, population: int | None = None
) -> float:
    """`sample_size` before rounding."""
    if not 0 < margin < 1 or not 0 < share < 1:
        raise ValueError("Margin and share lie between 0 and 1.")
    if population is not None and population < 1:
        raise ValueError("A population has at least one member.")
    needed = z_value(confidence) ** 2 * share * (1 - share) / margin**2
    return needed if population is None else needed / (1 + (needed - 1) / population)


def _count(scores: Iterable[int | None]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for score in scores:
        if score is None:
            continue
        if isinstance(score, bool) or not isinstance(score, int):
            raise ScoreOutOfRange(f"{score!r} is no score.")
        counts[score] = counts.get(score, 0) + 1
    return counts


def _check(counts: Mapping[int, int], scale: Sequence[int]) -> None:
    for score, count in counts.items():
        if score not in scale:
            raise ScoreOutOfRange(f"{score} lies outside {scale[0]}–{scale[-1]}.")
        if count < 0:
            raise ValueError("Counts are not negative.")
