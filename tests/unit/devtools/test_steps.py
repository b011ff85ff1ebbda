import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from devtools import steps
from devtools.steps import Runner, Step, StepFailed, run_steps


@pytest.fixture(autouse=True)
def _logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LOGS", tmp_path)


def a_step(name: str, run: Callable[[Runner], None], *after: str, done: bool = False) -> Step:
    return Step(name, lambda: done, run, after)


def test_a_step_waits_for_those_it_comes_after_and_for_no_other() -> None:
    order: list[str] = []
    second_began = threading.Event()

    def first(_: Runner) -> None:
        assert second_began.wait(timeout=10), "the steps did not run side by side"
        order.append("first")

    def second(_: Runner) -> None:
        second_began.set()

    run_steps([a_step("a", first), a_step("b", second), a_step("c", lambda _: order.append("third"), "a")])
    assert order == ["first", "third"]


def test_a_step_that_is_done_is_not_run_again() -> None:
    run_steps([a_step("a", lambda _: pytest.fail("ran"), done=True)])


def test_a_failure_names_the_step_its_log_and_the_next_command() -> None:
    def fail(run: Runner) -> None:
        run(sys.executable, "-c", "print('no space left'); raise SystemExit(3)", cwd=Path.cwd(), env={})

    with pytest.raises(StepFailed, match=r"(?s)step failed: kwok.*no space left.*kwok\.log.*\./dev setup"):
        run_steps([a_step("kwok", fail)])


def test_a_failure_ends_what_runs_beside_it() -> None:
    sleeping = threading.Event()

    def sleep(run: Runner) -> None:
        sleeping.set()
        run(sys.executable, "-c", "import time; time.sleep(600)", cwd=Path.cwd(), env={})

    def fail(_: Runner) -> None:
        assert sleeping.wait(timeout=10)
        raise StepFailed("broken")

    with pytest.raises(StepFailed, match="broken"):
        run_steps([a_step("slow", sleep), a_step("quick", fail)])
