"""Every test that docs/security-cases.md names exists."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:tests|renderer)/[\w/.]+)::(\w+)`")


def test_every_case_names_tests_that_exist() -> None:
    rows = [row for row in (PROJECT / "docs" / "security-cases.md").read_text().splitlines() if row.startswith("| S")]
    assert len(rows) >= 25
    for row in rows:
        named = NAMED.findall(row)
        assert named, row
        for file, name in named:
            assert re.search(rf"^(?:def|func) {name}\(", (PROJECT / file).read_text(), re.MULTILINE), f"{file}::{name}"
