"""`python -m benchmarks SCENARIO N`: runs one scenario and prints a table and, last, one line of JSON."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import (
    render,
    s1_cold_deploy,
    s3_workloads,
    s4_big_application,
    s5_quiet,
    s6_commit,
    s7_shared_base,
    s9_drift,
)
from benchmarks.report import Report
from benchmarks.rig import Rig, RigOptions, a_rig

Scenario = Callable[[Rig, int], Report]

SCENARIOS: Mapping[str, tuple[Scenario, Mapping[str, str]]] = {
    "S1": (s1_cold_deploy.run, {}),
    "S3": (s3_workloads.run, {}),
    "S4": (s4_big_application.run, {}),
    "S5": (s5_quiet.run, {"RECONCILER_POLL_S": str(s5_quiet.POLL_S)}),
    "S6": (s6_commit.run, {}),
    "S7": (s7_shared_base.run, {}),
    "S9": (s9_drift.run, {}),
}
"""Scenario by name, with the settings that it needs."""

ALONE: Mapping[str, Callable[[int], Sequence[Report]]] = {"RENDER": render.run}
"""Those that need no servers; each measures several things."""


def main(argv: Sequence[str]) -> int:
    """The exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    words = _parser().parse_args(argv)
    for report in _reports(words):
        print(report.table)
        print(report.line)
    return 0


def _reports(words: argparse.Namespace) -> Sequence[Report]:
    if words.scenario in ALONE:
        return ALONE[words.scenario](words.n)
    scenario, settings = SCENARIOS[words.scenario]
    with a_rig(RigOptions(clusters=min(words.clusters, words.n), workers=words.workers, settings=settings)) as rig:
        return [scenario(rig, words.n)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("scenario", type=str.upper, choices=sorted([*SCENARIOS, *ALONE]))
    parser.add_argument("n", type=int, help="number of Applications; of renderings for `render`")
    parser.add_argument("--clusters", type=int, default=20, help="cluster URLs, all of one API server (default 20)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
