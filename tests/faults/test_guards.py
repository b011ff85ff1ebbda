"""Each guard is there for a reason: without it the judge complains, or a test fails. With it neither does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.sandbox.places import NotBuilt
from tests.support.campaign import FULL, Ledger
from tests.support.prerequisites import lacking
from tests.support.rig import Rig, a_rig
from tests.support.unguarded import SITUATIONS, Crew
from tests.support.without import VARIABLE

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
TESTS: Mapping[str, tuple[str, str]] = {
    "a message carries a MAC": ("tests/unit/test_queue.py", "any_changed_field"),
    "a lease belongs to one epoch": ("tests/contract/test_leases.py", "missed_a_change_of_epoch"),
    "a ref moves only from what was known of it": ("tests/flow/test_refresh.py", "told_of_meanwhile"),
    "heads of an older copy count as unknown": ("tests/contract/test_readindex.py", "older_copy"),
}
"""Guard → file and part of the names of the tests that fail without it."""


@pytest.fixture(scope="module")
def workerless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig that lacks nothing but workers."""
    try:
        with a_rig(tmp_path_factory.mktemp("guards"), only=("beat", "observer", "api"), workers=1) as rig:
            yield rig
    except NotBuilt as error:
        lacking(str(error))


@pytest.mark.parametrize("guard", SITUATIONS)
def test_the_judge_misses_a_guard_that_was_removed(workerless: Rig, ledger: Ledger, guard: str) -> None:
    situation, words = SITUATIONS[guard]
    if FULL:
        assert said_in(situation, Crew(workerless, "")) == set(), "with the guard in place nothing happens"
    said = said_in(situation, Crew(workerless, guard))
    assert any(words in complaint for complaint in said), said
    ledger.guards.append(f'{guard}: the judge, {sum(words in c for c in said)} times "{words}"')


def said_in(situation: object, crew: Crew) -> set[str]:
    """What the judge says of one situation, and not of what came before it."""
    assert callable(situation)
    for app in crew.rig.places.keys() - crew.rig.applications().keys():
        crew.rig.create_application(app)
    before = set(crew.rig.complaints())
    situation(crew)
    return set(crew.rig.complaints()) - before


@pytest.mark.parametrize("guard", TESTS)
def test_a_test_fails_without_its_guard(ledger: Ledger, guard: str, tmp_path: Path) -> None:
    file, name = TESTS[guard]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.support.without", file, "-k", name]
    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'base'}"],
        cwd=ROOT,
        env={**os.environ, VARIABLE: guard, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    failed = [line.removeprefix("FAILED ").split(" - ")[0] for line in done.stdout.splitlines() if line[:6] == "FAILED"]
    assert done.returncode == 1, done.stdout + done.stderr
    assert failed, done.stdout
    ledger.guards.append(f"{guard}: `{failed[0]}`")
