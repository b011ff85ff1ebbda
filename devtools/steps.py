"""Runs the steps of set-up side by side and says what happens: stage, time, log path, and what to do on a failure."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from devtools.layout import LOGS, TIE, shown

NEWS_EVERY_S = 15.0


class StepFailed(Exception):
    """A step did not work; the message names the step, its log and the next command."""


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work. `run` gets a logged way to start programs; it is skipped where `done` says so."""

    name: str
    done: Callable[[], bool]
    run: Callable[["Runner"], None]
    after: tuple[str, ...] = ()


class Runner:
    """Starts the programs of one step, with their output in the step's log. A program dies with this process."""

    def __init__(self, name: str) -> None:
        LOGS.mkdir(exist_ok=True)
        self.log = LOGS / f"{name.replace(' ', '-')}.log"
        self.log.write_text("")
        self._name = name
        self._running: subprocess.Popen[bytes] | None = None
        self._cancelled = threading.Event()

    def __call__(self, *argv: str | Path, cwd: Path, env: Mapping[str, str]) -> None:
        """Run a program to its end. Raises StepFailed when it fails or the set-up was cancelled."""
        tied = [sys.executable, "-IS", str(TIE), str(os.getpid()), *map(str, argv)]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            self._running = subprocess.Popen(
                tied,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if self._cancelled.is_set():
            self._running.terminate()
        if self._running.wait() != 0:
            raise StepFailed(self._report())

    def cancel(self) -> None:
        self._cancelled.set()
        if self._running and self._running.poll() is None:
            self._running.terminate()

    def _report(self) -> str:
        words = "\n".join(f"    {line}" for line in self.log.read_text(errors="replace").splitlines()[-12:])
        return (
            f"step failed: {self._name}\n{words}\n  log:  {shown(self.log)}\n  next: mend the cause, then ./dev setup"
        )


def run_steps(steps: Sequence[Step]) -> None:
    """Run what is not done yet, each step once those it comes `after` have ended.

    Raises StepFailed, and KeyboardInterrupt when the user stops it; what has been finished is kept in both cases.
    """
    todo = [step for step in steps if not step.done()]
    if not todo:
        return
    say(f"setting up: {', '.join(step.name for step in todo)} (logs in {shown(LOGS)}/)")
    runners = {step.name: Runner(step.name) for step in todo}
    with ThreadPoolExecutor(max_workers=len(todo)) as pool:
        try:
            _run_in_order(todo, runners, pool)
        except BaseException:
            for runner in runners.values():
                runner.cancel()
            raise


def _run_in_order(todo: Sequence[Step], runners: Mapping[str, Runner], pool: ThreadPoolExecutor) -> None:
    waiting, running, started = list(todo), dict[Future[None], Step](), time.monotonic()
    while waiting or running:
        unfinished = {step.name for step in [*waiting, *running.values()]}
        for step in [step for step in waiting if not unfinished.intersection(step.after)]:
            waiting.remove(step)
            running[pool.submit(step.run, runners[step.name])] = step
        ended, _ = wait(running, timeout=NEWS_EVERY_S, return_when=FIRST_COMPLETED)
        for future in ended:
            step = running.pop(future)
            future.result()
            say(f"{step.name}: done", since=started)
        if not ended:
            for step in running.values():
                say(f"{step.name}: still running, see {shown(runners[step.name].log)}", since=started)


def say(text: str, *, since: float | None = None) -> None:
    """One line to the person who waits, on stderr, with the time since `since`."""
    clock = "" if since is None else f"[{time.monotonic() - since:4.0f} s] "
    print(f"{clock}{text}", file=sys.stderr, flush=True)
