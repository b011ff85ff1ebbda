"""Keeps processes running: what exits is started again, more slowly the more often it exits soon."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.sandbox.children import Child, start_child

LOOK_EVERY_S = 0.2
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
STEADY_AFTER_S = 30.0
"""A process that ran this long before it exited starts over with the first delay."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A program to keep running; `env` is its whole environment."""

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str]


def restart_delay_s(failures: int) -> float:
    """How long to wait before the next start, after this many starts that did not last (1 is the first)."""
    return min(FIRST_DELAY_S * 2.0 ** (failures - 1), LONGEST_DELAY_S)


@dataclass(slots=True)
class _Kept:
    spec: ProcessSpec
    child: Child
    started: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Starts every spec in `folder`, where the logs lie too, and keeps it running until `stop`."""

    def __init__(
        self,
        folder: Path,
        specs: Sequence[ProcessSpec],
        *,
        on_change: Callable[[Mapping[str, int]], None] | None = None,
    ) -> None:
        """`on_change` is told the process ids by name after every start."""
        self._folder = folder
        self._specs = specs
        self._on_change = on_change or (lambda _: None)
        self._kept: dict[str, _Kept] = {}
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def pids(self) -> Mapping[str, int]:
        """Process id by name; of one that has exited its last."""
        return {name: kept.child.pid for name, kept in self._kept.items()}

    def child(self, name: str) -> Child:
        """The process as it runs now, for a test to kill or stop; its successor is another child."""
        return self._kept[name].child

    def start(self) -> None:
        for spec in self._specs:
            self._kept[spec.name] = _Kept(spec, self._spawn(spec), time.monotonic())
        self._on_change(self.pids)
        self._watcher.start()

    def stop(self, grace_s: float = 20) -> None:
        """SIGTERM to all at once, SIGKILL to what has not ended after `grace_s` seconds."""
        self._stopping.set()
        if self._watcher.ident is not None:
            self._watcher.join()
        enders = [threading.Thread(target=kept.child.stop, args=(grace_s,)) for kept in self._kept.values()]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()

    def _spawn(self, spec: ProcessSpec) -> Child:
        return start_child(spec.name, spec.argv, folder=self._folder, env=spec.env)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            restarted = [self._look(kept, time.monotonic()) for kept in self._kept.values()]
            if any(restarted):
                self._on_change(self.pids)

    def _look(self, kept: _Kept, now: float) -> bool:
        """Whether the process was started again."""
        if kept.restart_at is None and kept.child.exit_code is not None:
            kept.failures = 1 if now - kept.started > STEADY_AFTER_S else kept.failures + 1
            kept.restart_at = now + restart_delay_s(kept.failures)
        if kept.restart_at is None or now < kept.restart_at:
            return False
        kept.child, kept.started, kept.restart_at = self._spawn(kept.spec), now, None
        return True
