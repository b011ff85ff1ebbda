"""`up`, `down`, `poke` and `kill`: what a person asks of the sandbox of a checkout."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from reconciler.sandbox.api import Api, ApiError
from reconciler.sandbox.banner import banner
from reconciler.sandbox.everything import APPLICATIONS, state_of
from reconciler.sandbox.kubeconfig import read_kubeconfig
from reconciler.sandbox.places import PROJECT
from reconciler.sandbox.state import LOG, State, is_running, read_state
from reconciler.sandbox.waiting import wait_for

MOST_STARTS = 4
START_TIMEOUT_S, CONVERGE_TIMEOUT_S, STOP_TIMEOUT_S = 300.0, 180.0, 60.0


def up(folder: Path, serve: Sequence[str]) -> int:
    """Start what is not running yet, wait until the fleet has converged, say how to reach it. Returns an exit code.

    `serve`: arguments for the background process.
    """
    progress = Progress()
    if not is_running(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        _start_daemon(folder, serve)
    try:
        state = wait_for(lambda: _started(folder, progress), "the sandbox", timeout_s=START_TIMEOUT_S, every_s=0.1)
        if state.git:
            progress.say("waiting for the fleet to converge")
            _wait_for_convergence(folder, Api(read_kubeconfig(Path(state.kubeconfig), "control")), progress)
            state = read_state(folder) or state
    except (TimeoutError, StartFailed) as error:
        progress.say(f"failed: {error}")
        progress.say(f"  logs: {_shown(folder)}/*.log, first {_shown(folder / LOG)}")
        progress.say("  next: mend the cause, then ./dev down && ./dev up")
        return 1
    progress.say("ready")
    print(banner(state, folder=_shown(folder)))
    return 0


def down(folder: Path) -> int:
    """End everything and remove the folder. Returns an exit code."""
    state = read_state(folder)
    if is_running(folder) and state:
        os.kill(state.pid, signal.SIGTERM)
        try:
            wait_for(lambda: not is_running(folder), "the end of the sandbox", timeout_s=STOP_TIMEOUT_S)
        except TimeoutError:
            os.kill(state.pid, signal.SIGKILL)  # its children go with it
            wait_for(lambda: not is_running(folder), "the death of the sandbox", timeout_s=STOP_TIMEOUT_S)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def poke(folder: Path, cluster: str, target: Sequence[str]) -> int:
    """Edit a live object by hand: `target` is version/Kind, namespace/name and field=value. Returns an exit code."""
    state = _running(folder)
    if not state:
        return 1
    kind, name, assignment = target
    try:
        api = Api(read_kubeconfig(Path(state.kubeconfig), cluster))
        path = api.path(_identity(kind, name))
        api.patch(f"{path}?fieldManager=by-hand", _nested(assignment))
    except KeyError:
        print(f"no cluster {cluster} in {_shown(Path(state.kubeconfig))}", file=sys.stderr)
        return 1
    except ApiError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{cluster}: {kind} {name}: {assignment}")
    return 0


def kill(folder: Path, name: str) -> int:
    """Kill one of our processes as `kill -9` does; the supervisor starts another. Returns an exit code."""
    state = _running(folder)
    if not state:
        return 1
    pid = state.processes.get(name)
    if not pid:
        print(f"no process {name}; there are {', '.join(state.processes)}", file=sys.stderr)
        return 1
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        print(f"{name}: process {pid} is gone already; its successor is on its way", file=sys.stderr)
        return 1
    print(f"{name}: process {pid} killed")
    return 0


class StartFailed(Exception):
    """The background process gave up, or is gone."""


class Progress:
    """Lines with the time since the start, on stderr."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._told: set[str] = set()

    def say(self, text: str) -> None:
        print(f"[{self._clock() - self._began:4.0f} s] {text}", file=sys.stderr, flush=True)

    def say_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.say(text)


class Starts:
    """Counts how often each process was started, to give up early on one that keeps exiting."""

    def __init__(self) -> None:
        self._pids: dict[str, set[int]] = {}

    def look(self, folder: Path) -> None:
        """Raises StartFailed with the last words of a process that was started too often."""
        state = read_state(folder)
        for name, pid in state.processes.items() if state else ():
            seen = self._pids.setdefault(name, set())
            seen.add(pid)
            if len(seen) > MOST_STARTS:
                log = folder / f"{name}.log"
                raise StartFailed(f"{name} keeps exiting, see {_shown(log)}:\n" + "\n".join(_last_lines(log)))


def _start_daemon(folder: Path, serve: Sequence[str]) -> None:
    command = [sys.executable, "-m", "reconciler.sandbox", "--folder", str(folder), "serve", *serve]
    with (folder / LOG).open("ab") as log:
        daemon = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    wait_for(lambda: is_running(folder) or daemon.poll() is not None, "the background process", timeout_s=60)


def _started(folder: Path, progress: Progress) -> State | None:
    state = read_state(folder)
    for stage in state.stages if state else ():
        progress.say_once(stage)
    if state and state.failure:
        raise StartFailed(state.failure)
    if not is_running(folder):
        raise StartFailed("the background process ended:\n" + "\n".join(_last_lines(folder / LOG)))
    return state if state and state.started else None


def _wait_for_convergence(folder: Path, api: Api, progress: Progress) -> None:
    last: dict[str, str] = {}
    starts = Starts()

    def converged() -> bool:
        starts.look(folder)
        items = api.get(APPLICATIONS)["items"]
        last.clear()
        last.update({item["metadata"]["name"]: state_of(item) for item in items})
        done = sum(state == "Synced, Healthy" for state in last.values())
        progress.say_once(f"{done} of {len(last)} applications are Synced and Healthy")
        return bool(last) and done == len(last)

    try:
        wait_for(converged, "convergence of the fleet", timeout_s=CONVERGE_TIMEOUT_S, every_s=0.25)
    except TimeoutError as error:
        behind = "".join(f"\n    {name}: {state}" for name, state in last.items() if state != "Synced, Healthy")
        raise StartFailed(f"{error}{behind}") from error


def _running(folder: Path) -> State | None:
    """None, with a word to the caller, where no sandbox runs."""
    state = read_state(folder)
    if state and is_running(folder):
        return state
    print("no sandbox is running: ./dev up", file=sys.stderr)
    return None


def _identity(kind: str, name: str) -> dict[str, object]:
    version, _, kind = kind.rpartition("/")
    namespace, _, name = name.rpartition("/")
    return {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace or "default", "name": name}}


def _nested(assignment: str) -> object:
    """`a.b=1` as {"a": {"b": 1}}; the value is read as YAML."""
    path, _, text = assignment.partition("=")
    value: object = yaml.safe_load(text)
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def _last_lines(log: Path, lines: int = 12) -> list[str]:
    return [f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:]]


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
