"""The command line as a person uses it, and a worker in the background that makes the passes it asks for."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from reconciler.cli.main import main
from reconciler.models.keys import AppKey
from tests.support.flow import Crew

BETWEEN_PASSES_S = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


class Shell:
    """Runs commands in this process against one control namespace."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._where = ("--kubeconfig", str(kubeconfig), "--namespace", namespace)

    def __call__(self, *argv: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*argv, *self._where])
        return Answer(code, out.getvalue(), err.getvalue())

    def ok(self, *argv: str) -> Answer:
        """Runs a command that has to succeed."""
        answer = self(*argv)
        assert answer.code == 0, answer
        return answer


def a_shell(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose commands render and cache where the crew does, and nowhere else."""
    settings = crew.services.readers.settings
    monkeypatch.setenv("RECONCILER_DATA_DIR", str(settings.data_dir.parent / "shell"))
    monkeypatch.setenv("RECONCILER_RENDERER_PATH", str(settings.renderer_path))
    return Shell(crew.plane.kubeconfig_path, crew.control_namespace)


@contextmanager
def working(crew: Crew) -> Iterator[None]:
    """A worker that looks at every Application again and again inside the block; what it dies of is raised."""
    stop, died = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            while not stop.wait(BETWEEN_PASSES_S):
                _one_round(crew)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            died.append(error)

    thread = threading.Thread(target=work, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
    if died:
        raise died[0]


def _one_round(crew: Crew) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{crew.control_namespace}/applications"
    for item in crew.plane.api.get(path)["items"]:
        crew.reconcile(AppKey(crew.control_namespace, item["metadata"]["name"]), lane="person")
