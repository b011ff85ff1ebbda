"""Arithmetic on measured values. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in seconds."""

    p50_s: float
    p99_s: float
    max_s: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Raises ValueError for no values at all."""
        return cls(percentile(seconds, 50), percentile(seconds, 99), max(seconds))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really measured. Raises ValueError for no values at all."""
    if not values:
        raise ValueError("no values")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def ratio(figure: float, probe: float) -> float | None:
    """How many probes the figure is; None where there is nothing to compare with."""
    return figure / probe if probe else None
