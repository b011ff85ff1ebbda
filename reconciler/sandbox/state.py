"""`.sandbox/state.json`: what runs in this checkout and how to reach it. Holds passwords, so it is 0600."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reconciler.sandbox.kubeconfig import write_private

STATE, LOCK, LOG = "state.json", "lock", "sandbox.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Written anew at every stage and whenever a process is started again."""

    pid: int
    """The process that holds everything; SIGTERM ends it."""
    stages: tuple[str, ...] = ()
    """What has been begun so far, in order."""
    started: bool = False
    """Everything runs; whether the fleet has converged stands on the control cluster."""
    failure: str = ""
    manage: str = ""
    namespace: str = ""
    kubeconfig: str = ""
    """Administrator of every cluster: contexts control, east, west."""
    api_url: str = ""
    redis_url: str = ""
    flower: Mapping[str, str] = field(default_factory=dict)
    """url, user, password."""
    git: Mapping[str, str] = field(default_factory=dict)
    """url of the fleet's repository, user, password, checkout (a clone that may push)."""
    audit_logs: Mapping[str, str] = field(default_factory=dict)
    """Path by cluster."""
    processes: Mapping[str, int] = field(default_factory=dict)
    """Process id by name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """RECONCILER_* settings with which a process may be run by hand."""


def write_state(folder: Path, state: State) -> None:
    write_private(folder / STATE, json.dumps(asdict(state), indent=2) + "\n")


def read_state(folder: Path) -> State | None:
    """None when nothing was started there."""
    try:
        return State(**json.loads((folder / STATE).read_text()))
    except FileNotFoundError:
        return None


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock if it is free, which says that no sandbox runs there; the kernel frees it at any death."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_running(folder: Path) -> bool:
    if not (folder / LOCK).exists():
        return False
    with held(folder) as free:
        return not free
