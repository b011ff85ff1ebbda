"""The command as a program: found in a sandbox's folder, alive on a terminal, quiet in a pipe."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.flow import Crew
from tests.support.shell import working

PROGRAM = [sys.executable, "-c", "import sys; from reconciler.cli import main; sys.exit(main())"]
PROJECT = Path(__file__).resolve().parents[3]
GREEN = b"\x1b[32m"


@pytest.fixture
def crew(crew: Crew) -> Crew:
    """With one Application that is synced by hand."""
    crew.git.create(crew.repo, {"web/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    crew.create(crew.application(syncPolicy={}))
    return crew


def in_sandbox(crew: Crew, folder: Path) -> dict[str, str]:
    """A checkout whose sandbox runs, and the environment of a person who has set nothing."""
    state = {
        "pid": os.getpid(),
        "kubeconfig": str(crew.plane.kubeconfig_path),
        "environment": {"RECONCILER_NAMESPACE": crew.control_namespace, "RECONCILER_DATA_DIR": str(folder / "cache")},
    }
    (folder / ".sandbox").mkdir()
    (folder / ".sandbox" / "state.json").write_text(json.dumps(state))
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "TERM": "xterm-256color"}


def test_a_reader_that_goes_away_early_gets_no_complaint(crew: Crew, tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [*PROGRAM, "app", "list", "-o", "json"],
        env=in_sandbox(crew, tmp_path),
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (1, b"")


def on_a_terminal(argv: list[str], environment: Mapping[str, str], folder: Path) -> tuple[int, bytes]:
    """Exit code, and everything that the terminal got."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *argv], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder
    ) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
        code = process.wait(timeout=30)
    os.close(ours)
    return code, shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has closed
        return b""


def test_in_the_folder_of_a_running_sandbox_nothing_has_to_be_set(crew: Crew, tmp_path: Path) -> None:
    environment = in_sandbox(crew, tmp_path)
    inside = tmp_path / "deeper"
    inside.mkdir()
    done = subprocess.run(
        [*PROGRAM, "app", "list", "-o", "name"],
        env=environment,
        cwd=inside,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "web\n", "")


def test_a_sync_moves_on_a_terminal_and_is_green_at_its_end(crew: Crew, tmp_path: Path) -> None:
    environment = in_sandbox(crew, tmp_path)
    with working(crew):
        code, shown = on_a_terminal(["app", "sync", "web", "--timeout", "30"], environment, tmp_path)
        _, listed = on_a_terminal(["app", "list"], environment, tmp_path)
        _, plain = on_a_terminal(["app", "list"], {**environment, "NO_COLOR": "1"}, tmp_path)
    assert code == 0
    assert b"operation Succeeded" in shown
    assert b"\x1b[?25l" in shown  # the cursor hides while a line moves
    assert GREEN in listed
    assert GREEN not in plain
    assert b"Synced" in plain
