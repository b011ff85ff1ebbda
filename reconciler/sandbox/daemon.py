"""The background process that holds a sandbox: starts it, keeps its state file true, ends it on SIGTERM."""

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.sandbox.control import NAMESPACE
from reconciler.sandbox.everything import CONTROL, REPOSITORY, Sandbox, SandboxOptions
from reconciler.sandbox.kubeconfig import write_kubeconfig
from reconciler.sandbox.outside import Outside
from reconciler.sandbox.processes import ProcessOptions, environment
from reconciler.sandbox.repositories import run_git
from reconciler.sandbox.state import State, held, write_state

KUBECONFIG, CHECKOUT = "kubeconfig", "checkout"


class Daemon:
    """Runs one sandbox, or our processes alone, until it is told to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._state = State(pid=os.getpid())
        self._writing = threading.Lock()
        self._end = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end.set())

    def serve(self, outside: Outside | None) -> int:
        """Start, wait for the end, stop. Returns an exit code."""
        with held(self.folder) as free:
            if not free:
                return 1
            everything = outside or Sandbox(self.folder, SandboxOptions(), self.say)
            try:
                everything.start(lambda pids: self._update(processes=dict(pids)))
                self._update(started=True, **_description(everything))
                self._end.wait()
            except Exception as error:
                self._update(failure=f"{type(error).__name__}: {error}")
                raise
            finally:
                everything.stop()
        return 0

    def say(self, stage: str) -> None:
        self._update(stages=(*self._state.stages, stage))

    def _update(self, **changes: Any) -> None:
        with self._writing:
            self._state = replace(self._state, **changes)
            write_state(self.folder, self._state)


def _description(everything: Sandbox | Outside) -> Mapping[str, Any]:
    assert everything.processes is not None
    described = _processes(everything.processes, everything.folder)
    if isinstance(everything, Outside):
        return {**described, "kubeconfig": str(everything.kubeconfig)}
    return {**described, **_sandbox(everything)}


def _processes(options: ProcessOptions, folder: Path) -> Mapping[str, Any]:
    return {
        "manage": options.manage,
        "namespace": NAMESPACE,
        "api_url": options.api_url,
        "redis_url": options.redis_url,
        "flower": {"url": options.flower_url, "user": "admin", "password": options.flower_password},
        "environment": dict(environment(options, data=folder / "data" / "by-hand")),
    }


def _sandbox(sandbox: Sandbox) -> Mapping[str, Any]:
    planes = {CONTROL: sandbox.control, **sandbox.destinations}
    contexts = {name: plane.access() for name, plane in planes.items()}
    kubeconfig = write_kubeconfig(sandbox.folder / KUBECONFIG, contexts, namespace=NAMESPACE)
    user, password = sandbox.git_login
    return {
        "kubeconfig": str(kubeconfig),
        "git": {
            "url": sandbox.git.repo_url(REPOSITORY),
            "user": user,
            "password": password,
            "checkout": str(_checkout(sandbox)),
        },
        "audit_logs": {name: str(plane.audit_log) for name, plane in planes.items()},
    }


def _checkout(sandbox: Sandbox) -> Path:
    """A clone of the fleet that may push, for people to edit."""
    url = sandbox.git.repo_url(REPOSITORY).replace("://", f"://{':'.join(sandbox.git_login)}@")
    checkout = sandbox.folder / CHECKOUT
    run_git("clone", "--quiet", url, str(checkout), cwd=sandbox.folder)
    for name, value in {"user.name": "You", "user.email": "you@example.com"}.items():
        run_git("config", name, value, cwd=checkout)
    return checkout
