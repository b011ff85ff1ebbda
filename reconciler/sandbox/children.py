"""Child processes that live no longer than this one, with their output in a log file."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIE = Path(__file__).with_name("tie.py")

# The kernel's parent-death signal follows the thread that forked, so every child is started by this one thread, which
# lives until the interpreter ends.
_NURSERY = ThreadPoolExecutor(max_workers=1, thread_name_prefix="children")


class Child:
    """One running program. `kill` and `stop` may be called again; they do nothing then."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs; SIGSTOP makes a black hole of a server, SIGCONT brings it back."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._process.kill()
        self._process.wait(timeout=30)

    def stop(self, grace_s: float = 10) -> None:
        """SIGTERM, and SIGKILL for what has not ended after `grace_s` seconds."""
        self._process.terminate()
        try:
            self._process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def start_child(name: str, argv: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None) -> Child:
    """Start a program with `folder` as its working directory and `<folder>/<name>.log` (0600, appended) as its output.

    `env` replaces the environment. Raises OSError when the program cannot be started at all.
    """
    command = [sys.executable, "-IS", str(TIE), str(os.getpid()), *map(str, argv)]
    log = folder / f"{name}.log"

    def start() -> "subprocess.Popen[bytes]":
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor
            )
        finally:
            os.close(descriptor)

    return Child(name, _NURSERY.submit(start).result(), log)
