"""Beat and worker processes around one Valkey, to be killed and counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet, Limits
from reconciler.store.heartbeat import Heartbeat
from tests.support.store import KEYS, ROOT_KEY
from tests.support.worker_main import JOURNAL

ROOT = Path(__file__).parents[2]
TTL_S, REDRIVE_S, DEADLINE_S = 1.0, 2.0, 3.0


@dataclass
class Crew:
    """Processes that share one Valkey."""

    valkey: Valkey
    client: Client
    due: DueSet
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    url: str = ""
    """By which the processes reach it; empty: directly."""

    def start_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts a worker and waits until its heartbeat is there."""
        before = self.hearts()
        worker = self._start("tests.support.worker_main", *arguments)
        wait_for(lambda: worker.poll() is not None or self.hearts() - before, "a worker", timeout_s=20)
        assert worker.poll() is None, self.log(worker)
        return worker

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self._start("tests.support.beat_main")

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log_path(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=self._environment(), stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "RECONCILER_REDIS_URL": self.url or self.valkey.url,
            "RECONCILER_KEY_PREFIX": KEYS.prefix,
            "RECONCILER_ROOT_KEY": ROOT_KEY,
            "RECONCILER_SHARDS": "2",
            "RECONCILER_WORKER_THREADS": "4",
            "RECONCILER_HEARTBEAT_TTL_S": str(TTL_S),
            "RECONCILER_REDRIVE_S": str(REDRIVE_S),
            "RECONCILER_PASS_DEADLINE_S": str(DEADLINE_S),
        }

    def _log_path(self, number: int) -> Path:
        return self.folder / f"process-{number}.log"

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """Everything that a process printed."""
        return self._log_path(self.processes.index(process)).read_text()

    def hearts(self) -> set[bytes]:
        """Heartbeats of the processes that live."""
        return set(cast("list[bytes]", self.client.keys(KEYS.alive("*"))))

    def journal(self) -> list[str]:
        """What passes wrote down, in order."""
        return [line.decode() for line in cast("list[bytes]", self.client.lrange(JOURNAL, 0, -1))]

    def until_begun(self, entry: str, times: int = 1) -> None:
        self._until(f"begin {entry} ", times)

    def until_done(self, entry: str, times: int = 1, patience_s: float = 30) -> None:
        self._until(f"end {entry} ", times, patience_s)

    def _until(self, start: str, times: int, patience_s: float = 30) -> None:
        def happened() -> bool:
            return sum(line.startswith(start) for line in self.journal()) >= times

        wait_for(happened, f"{times} x {start!r}", timeout_s=patience_s)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()


@contextmanager
def a_crew(valkey: Valkey) -> Iterator[Crew]:
    """No process yet; all that were started are killed at the end."""
    client = connect(valkey.url)
    limits = Limits(shards=2, redrive_s=REDRIVE_S, pass_deadline_s=DEADLINE_S)
    crew = Crew(valkey, client, DueSet(client, KEYS, Heartbeat(client, KEYS, TTL_S), limits), valkey.folder)
    try:
        yield crew
    finally:
        crew.end()
        client.close()
