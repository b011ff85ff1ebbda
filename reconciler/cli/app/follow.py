"""Following Applications until they are where somebody wants them, telling what happens on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol

from rich.console import Console
from rich.status import Status

from reconciler.cli.app.changes import changes, summary, verdicts
from reconciler.cli.control import Control, now
from reconciler.cli.output import console, note
from reconciler.cli.problems import TIMED_OUT, Problem
from reconciler.errors import ClusterUnavailable, ObjectGone
from reconciler.models.application import Application
from reconciler.models.keys import AppKey

POLL_S: Final = 0.3
UNCLAIMED_S: Final = 15.0
"""After this long without anybody taking up an operation, the caller is told what may be missing."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The end of waiting for one Application, and why."""

    ok: bool
    why: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for: `judge` says when it is over, `name` what it is called."""

    name: str
    judge: Callable[[Application], Reached | None]
    gone_is_ok: bool = False


class _Screen(Protocol):
    def update(self, status: str) -> None: ...


class _NoScreen:
    def update(self, status: str) -> None:
        """Nothing moves where nobody looks."""


def follow(control: Control, apps: Sequence[Application], goal: Goal, *, timeout_s: float) -> None:
    """Returns when all are there. Raises Problem when one failed (1) or the time is over (2).

    `apps` as they were read before: what has changed since then is told, however quickly it went.
    """
    screen = console()
    told = _Told(screen)
    for app in apps:
        told.tell(app)
    deadline_s = time.monotonic() + timeout_s
    pending = [app.key for app in apps]
    with _moving(screen) as moving:
        while pending:
            pending = [key for key in pending if not _is_there(control, key, goal, told)]
            if not pending:
                return
            if time.monotonic() > deadline_s:
                raise _too_late(pending, goal, timeout_s)
            moving.update(told.summary(pending))
            time.sleep(POLL_S)


class _Told:
    """What was told of each Application so far."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._began_s = time.monotonic()
        self._last: dict[AppKey, Application] = {}
        self._hinted = False

    def tell(self, app: Application) -> None:
        """Prints what is new."""
        for line in changes(self._last.get(app.key), app):
            self.line(app.key, line)
        self._last[app.key] = app
        self._hint(app)

    def line(self, key: AppKey, text: str) -> None:
        self._screen.print(f"{now():%H:%M:%S}  {key.name}  {text}")

    def summary(self, pending: Sequence[AppKey]) -> str:
        states = [summary(self._last[key]) if key in self._last else key.name for key in pending]
        return f"{time.monotonic() - self._began_s:.0f} s  " + "; ".join(states)

    def _hint(self, app: Application) -> None:
        state = app.status.operation_state
        is_idle = app.operation is not None and (state is None or state.is_completed)
        if is_idle and not self._hinted and time.monotonic() - self._began_s > UNCLAIMED_S:
            self._hinted = True
            note(f"nobody has begun the operation of {app.key.name} yet: is a worker running, and may it write?")


def _is_there(control: Control, key: AppKey, goal: Goal, told: _Told) -> bool:
    try:
        app = control.catalog.application(key)
    except ObjectGone:
        if not goal.gone_is_ok:
            raise Problem(f"application {key} was deleted meanwhile") from None
        told.line(key, "gone")
        return True
    except ClusterUnavailable:
        return False  # the deadline covers it
    told.tell(app)
    reached = goal.judge(app)
    if reached and not reached.ok:
        raise Problem(f"application {key}: {reached.why}")
    if reached:
        told.line(key, f"is {goal.name}: {verdicts(app)}")
    return reached is not None


def _too_late(pending: Sequence[AppKey], goal: Goal, timeout_s: float) -> Problem:
    names = ", ".join(key.name for key in pending)
    mend = f"reconciler app get {pending[0].name} says what it waits for"
    return Problem(f"{names}: not {goal.name} within {timeout_s:g} s", mend=mend, code=TIMED_OUT)


def _moving(screen: Console) -> AbstractContextManager[_Screen]:
    """A line that moves on a terminal, nothing elsewhere."""
    if not (screen.is_terminal and sys.stdout.isatty()):
        return nullcontext(_NoScreen())
    screen.soft_wrap = False
    return Status("", console=screen)
