"""What operators' objects say, and what it amounts to: one file a family of operators, readable without the code.

Each state is laid over an object of generation 2. `is` is the verdict; `stale` marks a status about an older spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.plan.health import assess
from reconciler.plan.health.operators import BY_GROUP, BY_KIND

HERE = Path(__file__).parent
STATES = ("Healthy", "Progressing", "Degraded")
Case = tuple[str, str, dict[str, Any]]


def cases() -> Iterator[Case]:
    for path in sorted(HERE.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            for kind in entry["kinds"]:
                for state in entry["states"]:
                    yield kind, entry.get("no generation", ""), state


CASES = list(cases())


def named(case: Case) -> str:
    kind, _, state = case
    return f"{kind.split()[1]}-{'stale' if state.get('stale') else state['is']}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_state_amounts_to_what_is_written(case: Case) -> None:
    kind, _, state = case
    api_version, _, name = kind.partition(" ")
    metadata = {"name": "web", "generation": 2, **state.get("metadata", {})}
    parts: dict[str, Any] = {part: state[part] for part in ("spec", "status") if part in state}
    health = assess({"apiVersion": api_version, "kind": name, "metadata": metadata, **parts})
    assert health is not None
    assert health.status == state["is"], health.message
    assert health.message == state.get("message", health.message)


def test_every_kind_is_shown_healthy_under_way_broken_and_stale() -> None:
    shown: dict[tuple[str, str], set[str]] = {}
    for kind, exempt, state in CASES:
        group, _, name = kind.partition(" ")
        states = shown.setdefault((group.rpartition("/")[0], name), {"stale"} if exempt else set())
        states.add("stale" if state.get("stale") else state["is"])
    for key in BY_KIND:
        assert shown.get(key, set()) >= {*STATES, "stale"}, key
    for ending in BY_GROUP:
        assert any(group.endswith(ending) for group, _ in shown), ending
