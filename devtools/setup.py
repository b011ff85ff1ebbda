"""Set-up as a whole: quick when there is nothing to do, resumable when it was stopped."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools import builds, python
from devtools.layout import BUILD, PROJECT
from devtools.steps import Step, run_steps, say
from devtools.surroundings import TEMPORARY_FOLDER


def set_up(*, tests: bool) -> None:
    """Everything the other commands need, and with `tests` what only tests need. Raises StepFailed."""
    started = time.monotonic()
    TEMPORARY_FOLDER.mkdir(parents=True, exist_ok=True)
    with _alone():
        steps = _steps(tests=tests)
        if all(step.done() for step in steps):
            return
        run_steps(steps)
        builds.forget_one_time_cache()
    say("set up", since=started)


def _steps(*, tests: bool) -> list[Step]:
    go = builds.system_go()
    if go:
        return [*python.steps(), *builds.steps(go, after=(), tests=tests)]
    own = python.bundled_go()
    return [*python.steps(), python.go_step(), *builds.steps(own, after=("go",), tests=tests)]


def go_program() -> Path:
    """The Go that set-up uses."""
    return builds.system_go() or python.bundled_go()


@contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in a checkout; the lock goes with the process."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another ./dev is setting up {PROJECT.name}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
