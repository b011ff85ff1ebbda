"""Threads beside the work: one ends a process that is of no more use, one rebuilds the due set after a wipe.

A thread of Python cannot be killed. So when one is wedged, the process stops taking work, lets its other passes end,
and leaves; its supervisor starts another. Nothing is lost by that: leases of a dead process end with its heartbeat.
"""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from celery.worker import state

from reconciler.errors import StoreUnavailable
from reconciler.liveness import liveness
from reconciler.store.due import Request
from reconciler.store.epoch import Epoch
from reconciler.store.lease import Held, Leases
from workers.tasks import Progress

EXIT_WEDGED = 70
EXIT_STALLED = 71

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker is believed in."""

    wedged_after_s: float = 10.0
    """A pass that has not come back this long after its deadline never will."""

    stalled_after_s: float = 120.0
    """Messages wait, no pass runs, and nothing was taken for this long: the consumer hangs on a dead connection."""

    drain_s: float = 30.0
    """The other passes get this long to end."""

    look_every_s: float = 1.0


class _Thread(ABC):
    """Calls `look` again and again until stopped."""

    every_s = 1.0

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self.look()

    @abstractmethod
    def look(self) -> None:
        """One look."""


class Watchdog(_Thread):
    """Ends the process when a pass does not come back, or when messages wait and none is taken."""

    def __init__(
        self,
        leases: Leases,
        progress: Progress,
        waiting: Callable[[], Mapping[str, int]],
        patience: Patience | None = None,
    ) -> None:
        super().__init__("watchdog")
        self._leases, self._progress, self._waiting = leases, progress, waiting
        self._patience = patience or Patience()
        self.every_s = self._patience.look_every_s

    def look(self) -> None:
        wedged = self._leases.overdue(self._patience.wedged_after_s)
        if wedged:
            for held in wedged:
                log.error("pass does not come back, the process ends", entry=str(held.entry), worker=held.worker)
            self._leave(EXIT_WEDGED, lambda: self._others(wedged))
        elif self._is_stalled():
            log.error("messages wait and none is taken, the process ends")
            self._leave(EXIT_STALLED, self._leases.running)
        else:
            liveness.made_progress()

    def _others(self, wedged: list[Held]) -> list[Held]:
        return [held for held in self._leases.running() if held not in wedged]

    def _is_stalled(self) -> bool:
        idle_s = time.monotonic() - self._progress.last
        if idle_s < self._patience.stalled_after_s or self._leases.running():
            return False
        try:
            if any(self._waiting().values()):
                return True
        except StoreUnavailable:
            # Then nobody can take anything, and starting anew would not help.
            pass
        self._progress.made()
        return False

    def _leave(self, code: int, unfinished: Callable[[], list[Held]]) -> None:
        state.should_stop = code
        deadline = time.monotonic() + self._patience.drain_s
        while unfinished() and time.monotonic() < deadline:
            time.sleep(self.every_s / 10)
        # Not sys.exit: it would wait for the wedged thread.
        os._exit(code)


class Rebuilder(_Thread):
    """Requests everything anew when the due set was wiped or is an older copy."""

    def __init__(self, epoch: Epoch, everything: Callable[[], Iterable[Request]]) -> None:
        super().__init__("rebuilder")
        self._epoch, self._everything = epoch, everything

    def look(self) -> None:
        if self._epoch.is_whole:
            return
        try:
            if self._epoch.rebuild(self._everything):
                log.info("everything was requested anew")
        except Exception as error:  # noqa: BLE001  # whatever it was, without this thread nothing is ever rebuilt
            log.warning("the due set cannot be rebuilt yet", reason=str(error))
