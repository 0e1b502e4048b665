"""Two samples compared, and counts above what is usual: values checked against published or exact ones."""

import pytest

from core.samples import compare_samples, poisson_excess


@pytest.mark.parametrize(
    ("usual", "count", "chance"),
    [
        (0.5, 4, 0.00175162),
        (0.5, 5, 0.00017212),
        (2, 7, 0.00453381),
        (2, 9, 0.00023745),
        (4, 10, 0.00813224),
        (4, 12, 0.00091523),
    ],
)
def test_the_chance_of_so_many_or_more(usual: float, count: int, chance: float) -> None:
    assert poisson_excess(count, usual) == pytest.approx(chance, rel=1e-4)


def test_the_edges_of_counting() -> None:
    assert poisson_excess(0, 3.0) == 1.0
    assert poisson_excess(3, 0.0) == 0.0
    assert 0 < poisson_excess(200, 5.0) < 1e-100
    assert poisson_excess(5, 5.0) == pytest.approx(0.559507, rel=1e-5)
    assert poisson_excess(1000, 1000.0) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(ValueError, match="negative"):
        poisson_excess(-1, 2.0)


def test_a_clear_shift_is_found_and_is_the_same_every_time() -> None:
    before, after = [float(n) for n in range(100, 140)], [float(n) for n in range(60, 100)]
    found = compare_samples(before, after)
    assert found is not None
    assert found == compare_samples(before, after)
    assert (found.value, found.n_first, found.n_second, found.method) == (-40.0, 40, 40, "bootstrap")
    assert found.interval.low < -40 < found.interval.high < 0
    assert found.p_value < 0.001


def test_equal_samples_show_nothing_and_one_value_says_nothing() -> None:
    same = [5.0] * 30
    found = compare_samples(same, same)
    assert found is not None
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert compare_samples([1.0], [2.0, 3.0]) is None


def test_large_samples_use_the_normal_interval() -> None:
    before, after = [float(n % 7) for n in range(400)], [float(n % 7) + 1 for n in range(400)]
    found = compare_samples(before, after)
    assert found is not None
    assert found.method == "welch"
    assert found.value == pytest.approx(1.0)
