"""`up` and `down` as a person uses them, on a folder of their own: another sandbox may run in this checkout."""

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.sandbox.api import Api
from reconciler.sandbox.everything import APPLICATIONS, state_of
from reconciler.sandbox.fleet import FLEET
from reconciler.sandbox.kubeconfig import read_kubeconfig
from reconciler.sandbox.places import PROJECT, NotBuilt, program
from reconciler.sandbox.state import STATE, State, read_state
from reconciler.sandbox.waiting import wait_for
from tests.support.prerequisites import lacking


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    try:
        program("controlplane"), program("kwok"), program("renderer")
    except NotBuilt as error:
        lacking(str(error))
    return tmp_path / "sandbox"


@pytest.mark.timeout(400)
def test_up_ends_with_a_converged_fleet_and_down_leaves_nothing(folder: Path) -> None:
    try:
        first = _sandbox(folder, "up")
        assert first.returncode == 0, first.stderr
        state = read_state(folder)
        assert state is not None
        assert stat.S_IMODE((folder / STATE).stat().st_mode) == 0o600

        fleet = Api(read_kubeconfig(Path(state.kubeconfig), "control")).get(APPLICATIONS)["items"]
        assert {state_of(application) for application in fleet} == {"Synced, Healthy"}
        names = {application["metadata"]["name"] for application in fleet}
        assert names > {path.stem for path in (FLEET / "applications").iterdir()}, "and those that sets make"
        assert state.git["password"] in first.stdout
        assert state.flower["password"] in first.stdout

        again = _sandbox(folder, "up")
        assert (again.returncode, read_state(folder)) == (0, state), again.stderr
        unknown = _sandbox(folder, "kill", "worker-9")
        assert (unknown.returncode, "there are worker-1" in unknown.stderr) == (1, True)
        killed = _sandbox(folder, "kill", "worker-1")
        assert (killed.returncode, killed.stdout) == (0, f"worker-1: process {state.processes['worker-1']} killed\n")
        successor = wait_for(lambda: _process(folder, "worker-1", unlike=state), "a successor", timeout_s=30)

        started = [state.pid, successor, *_descendants(state.pid)]
        assert len(started) > len(state.processes)
    finally:
        last = _sandbox(folder, "down")
    assert last.returncode == 0, last.stderr
    assert not folder.exists()
    assert [pid for pid in started if _runs(pid)] == []


def test_down_where_nothing_runs_is_no_error(folder: Path) -> None:
    assert _sandbox(folder, "down").returncode == 0


def test_poke_without_a_sandbox_says_what_to_do(folder: Path) -> None:
    done = _sandbox(folder, "poke", "east", "v1/ConfigMap", "default/a", "data.a=b")
    assert (done.returncode, done.stderr) == (1, "no sandbox is running: ./dev up\n")


def test_kill_without_a_sandbox_says_what_to_do(folder: Path) -> None:
    done = _sandbox(folder, "kill", "worker-1")
    assert (done.returncode, done.stderr) == (1, "no sandbox is running: ./dev up\n")


def _sandbox(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "reconciler.sandbox", "--folder", str(folder), *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=360)


def _process(folder: Path, name: str, *, unlike: State) -> int | None:
    """Its process id, once that is another one."""
    state = read_state(folder)
    return state.processes[name] if state and state.processes[name] != unlike.processes[name] else None


def _descendants(pid: int) -> Sequence[int]:
    """Every process below one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(entry.parent.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, ()))
    return found[1:]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
