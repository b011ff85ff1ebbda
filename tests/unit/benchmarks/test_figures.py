"""Arithmetic on measured values."""

import pytest

from benchmarks.figures import Spread, percentile, ratio


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([0.4, 0.1, 0.3, 0.2], 50) == 0.2


def test_the_99th_percentile_of_a_hundred_values_leaves_one_above_it() -> None:
    assert percentile([float(value) for value in range(1, 101)], 99) == 99.0


def test_the_99th_percentile_of_a_few_values_is_the_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_the_lowest_percentile_is_the_smallest_value() -> None:
    assert percentile([3.0, 1.0, 2.0], 0) == 1.0


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_spread_tells_the_middle_the_tail_and_the_worst() -> None:
    assert Spread.of([0.5, 0.1, 0.2]) == Spread(p50_s=0.2, p99_s=0.5, max_s=0.5)


@pytest.mark.parametrize(("figure", "probe", "expected"), [(85.0, 170.0, 0.5), (0.0, 2.0, 0.0), (1.0, 0.0, None)])
def test_a_ratio_needs_a_probe(figure: float, probe: float, expected: float | None) -> None:
    assert ratio(figure, probe) == expected
