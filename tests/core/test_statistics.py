"""Satisfaction figures against their reference values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics import (
    ScoreOutOfRange,
    ces,
    csat,
    csat_of_counts,
    exact_sample_size,
    nps,
    nps_of_counts,
    response_rate,
    sample_size,
    wilson,
)


def close(value: float | None, expected: float) -> bool:
    return value == pytest.approx(expected, rel=1e-5, abs=5e-7)


def test_csat_reference() -> None:
    result = csat_of_counts({5: 180, 4: 60, 3: 30, 2: 18, 1: 12})
    assert result.n == 300
    assert close(result.top_two, 0.8)
    assert close(result.interval.low, 0.751071)
    assert close(result.interval.high, 0.841343)
    assert close(result.mean, 4.26)
    assert close(result.score, 81.5)


def test_nps_reference() -> None:
    result = nps_of_counts(540, 250, 210)
    assert close(result.value, 33.0)
    assert close(result.standard_error, 2.531995)
    assert close(result.interval.low, 28.0374)
    assert close(result.interval.high, 37.9626)


def test_nps_of_a_small_sample_is_wide() -> None:
    result = nps([10] * 30 + [8] * 12 + [3] * 8)
    assert close(result.value, 44.0)
    assert close(result.standard_error, 10.643308)
    assert close(result.interval.low, 23.1395)
    assert close(result.interval.high, 64.8605)


def test_ces_reference() -> None:
    result = ces([7, 7, 6, 6, 5, 5, 5, 4, 3, 2])
    assert close(result.mean, 5.0)
    assert close(result.top_three, 0.7)


def test_wilson_reference() -> None:
    interval = wilson(47, 60)
    assert close(interval.low, 0.663800)
    assert close(interval.high, 0.868770)


def test_sample_size_reference() -> None:
    assert close(exact_sample_size(0.05), 384.145882)
    assert sample_size(0.05) == 385
    assert close(exact_sample_size(0.05, population=3000), 340.640837)
    assert sample_size(0.05, population=3000) == 341


def test_no_answers_is_no_figure() -> None:
    assert csat([None, None]).top_two is None
    assert nps([]).value is None
    assert ces([]).mean is None
    assert wilson(0, 0) is None
    assert response_rate(0, 0) is None
    assert response_rate(3, 4) == 0.75


@pytest.mark.parametrize(("figure", "score"), [(csat, 0), (csat, 6), (nps, 11), (nps, -1), (ces, 0), (ces, 8)])
def test_scores_outside_the_scale_are_refused(figure: object, score: int) -> None:
    with pytest.raises(ScoreOutOfRange):
        figure([score])


@pytest.mark.parametrize("score", ["5", 4.5, True])
def test_words_and_fractions_are_no_scores(score: object) -> None:
    with pytest.raises(ScoreOutOfRange):
        csat([score])


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_wilson_interval_holds_its_share(successes: int, more: int) -> None:
    n = successes + more
    interval = wilson(successes, n)
    assert 0 <= interval.low <= successes / n <= interval.high <= 1
