"""Many strikes of one sort with fixed seeds, and the record of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.support.rig import CONVERGE_S, Rig

FULL = os.environ.get("RECONCILER_FAULTS") == "full"
"""`./dev faults` sets it: full counts, and a record in docs/faults.md."""

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
ATTEMPTS_PER_STRIKE = 3
HEAD = """# Fault runs

Written by `./dev faults`; `./dev test` runs the same with small counts and fixed seeds. A fleet of five applications
with ten objects each, on two clusters, is pushed anew and hit in the middle: a strike counts only if the audit log
shows that some and not all objects of an application had been written before it. Afterwards everything has to be as
Git wants it within 60 s, and the audit logs and Git (`tests/support/judge.py`) have to show no deletion without a
commit or a deleted Application behind it, no object that went back to an older state, and no two passes that wrote to
one application at the same time. All settings are the defaults.

| fault | strikes that count | tried | seeds | converged after: p50 | max | verdict |
"""
RULE = "| --- | ---: | ---: | --- | ---: | ---: | --- |\n"
GUARDS = """## Guards

Each of these was removed, and this is what noticed:
"""


@dataclass
class Row:
    """One sort of fault. `recoveries_s` has an entry per strike that counted."""

    fault: str
    recoveries_s: list[float] = field(default_factory=list)
    tried: int = 0
    verdict: str = "failed"

    @property
    def text(self) -> str:
        times = self.recoveries_s or [float("nan")]
        seeds = f"0-{self.tried - 1}" if self.tried > 1 else "0"
        return (
            f"| {self.fault} | {len(self.recoveries_s)} | {self.tried} | {seeds} "
            f"| {median(times):.1f} s | {max(times):.1f} s | {self.verdict} |"
        )


@dataclass
class Ledger:
    """All rows of a session, and what the guards' removal showed."""

    rows: list[Row] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Renews the lines of what was run; those of other runs stay."""
        old = PAGE.read_text().partition(RULE)[2].splitlines() if PAGE.exists() else []
        rows = {_fault(line): line for line in old if line.startswith("| ")} | {
            row.fault: row.text for row in self.rows
        }
        shown = {_guard(line): line for line in old if line.startswith("- ")}
        shown |= {_guard(f"- {line}"): f"- {line}" for line in self.guards}
        parts = [(HEAD + RULE).rstrip(), *rows.values(), "", GUARDS, *shown.values()]
        PAGE.write_text("\n".join(parts) + "\n")


def _fault(line: str) -> str:
    return line.split("|")[1].strip()


def _guard(line: str) -> str:
    return line.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Campaign:
    """Strikes at one rig, recorded in one ledger. `known` was complained of before, and is another test's doing."""

    rig: Rig
    ledger: Ledger
    known: Collection[str] = ()

    def strike(self, fault: str, hit: Callable[[int], None], *, small: int = 1, full: int = 20) -> None:
        """Strikes until enough of them count; asserts that all converged in time and that the judge is content.

        `hit` gets the number of the strike.
        """
        row = Row(fault)
        self.ledger.rows.append(row)
        wanted = full if FULL else small
        while len(row.recoveries_s) < wanted and row.tried < ATTEMPTS_PER_STRIKE * wanted:
            seed = row.tried
            row.tried += 1
            strike = self.rig.strike(seed, lambda: hit(seed))  # noqa: B023  # called before the loop goes on
            if strike.counts:
                row.recoveries_s.append(strike.recovery_s)
        self._conclude(row, wanted)

    def outage(self, fault: str, run: Callable[[int], float], *, small: int = 1, full: int = 1) -> None:
        """Faults that last: `run` makes one, lifts it, and gives the seconds until convergence after that."""
        row = Row(fault)
        self.ledger.rows.append(row)
        for number in range(full if FULL else small):
            row.tried += 1
            row.recoveries_s.append(run(number))
        self._conclude(row, row.tried)

    def _conclude(self, row: Row, wanted: int) -> None:
        complaints = [complaint for complaint in self.rig.complaints() if complaint not in self.known]
        late = [seconds for seconds in row.recoveries_s if seconds > CONVERGE_S]
        row.verdict = "clean" if not complaints and not late and len(row.recoveries_s) == wanted else "failed"
        assert complaints == []
        assert late == []
        assert len(row.recoveries_s) == wanted, "too few strikes fell into the middle of an operation"
