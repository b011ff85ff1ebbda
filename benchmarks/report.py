"""What a benchmark says: a table for people, and last one line of JSON for whoever compares runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from benchmarks.figures import ratio

DIGITS = 4
"""Significant digits: nothing here is known better."""

Value = float | int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of one scenario. None means that it does not apply. `probe` is in the unit of `figure`."""

    scenario: str
    n: int
    figure: float
    unit: str
    probe: float
    p50_s: float | None = None
    p99_s: float | None = None
    renders: int | None = None
    api_calls_per_app: float | None = None
    cpu_ms_per_app: float | None = None
    rss_mb: float | None = None
    object_calls: int | None = None
    writes: int | None = None
    tasks: int | None = None
    load: float | None = None
    beside: Mapping[str, Value] = field(default_factory=dict)
    """More of what was measured, under names of the scenario's own."""

    @property
    def values(self) -> Mapping[str, Value]:
        """Everything that applies, in the order of the fields."""
        own: dict[str, Value] = {name: getattr(self, name) for name in _OWN}
        probed = {"ratio": ratio(self.figure, self.probe)}
        ordered = {name: own[name] for name in _FIRST} | probed | own | dict(self.beside)
        return {name: _rounded(value) for name, value in ordered.items() if value is not None or name == "ratio"}

    @property
    def line(self) -> str:
        """One JSON object."""
        return json.dumps(self.values)

    @property
    def table(self) -> str:
        """One value a line, aligned."""
        return "\n".join(self._rows())

    def _rows(self) -> Iterator[str]:
        values = self.values
        width = max(map(len, values))
        for name, value in values.items():
            yield f"  {name:<{width}}  {'-' if value is None else value}"


_OWN = tuple(one.name for one in fields(Report) if one.name != "beside")
_FIRST = _OWN[: _OWN.index("probe") + 1]


def _rounded(value: Value) -> Value:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
