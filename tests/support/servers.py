"""Fixtures: the real servers. Those of the session are shared, so a test takes a namespace or repository of its own."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions, start_control_plane
from reconciler.sandbox.everything import Sandbox, start_sandbox
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.places import NotBuilt
from reconciler.sandbox.valkey import Valkey, start_valkey
from reconciler.sandbox.waiting import wait_for
from tests.support.prerequisites import lacking


def a_control_plane(folder: Path, options: ControlPlaneOptions) -> ControlPlane:
    """A started control plane; the caller stops it. Skips the test (fails it in CI) where the program is not built."""
    try:
        return start_control_plane(folder, options)
    except NotBuilt as error:
        lacking(str(error))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server alone, with its audit log: nothing ends namespaces, collects garbage or makes pods."""
    plane = a_control_plane(tmp_path_factory.mktemp("control-plane"), ControlPlaneOptions(name="control"))
    yield plane
    plane.stop()


@pytest.fixture(scope="session")
def workload_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A whole cluster with two nodes, on which Deployments become ready."""
    options = ControlPlaneOptions(name="workloads", with_controllers=True, nodes=2)
    plane = a_control_plane(tmp_path_factory.mktemp("workload-plane"), options)
    yield plane
    plane.stop()


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A new namespace on the API server of the session."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture(scope="session")
def _session_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture
def valkey(_session_valkey: Valkey) -> Valkey:
    """The Valkey of the session, emptied. Tests that kill or restart one take `own_valkey`."""
    _session_valkey.flush()
    return _session_valkey


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey for this test alone, to be killed and restarted at will."""
    server = start_valkey(tmp_path / "valkey")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Everything that `./dev up` starts, with the sample fleet converged; its processes are `sandbox.supervisor`'s."""
    try:
        running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    except NotBuilt as error:
        lacking(str(error))
    try:
        wait_for(lambda: not running.unconverged(), "convergence of the fleet", timeout_s=120)
        yield running
    finally:
        running.stop()


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    """A Git server for this test alone: no login, no repositories, no webhook until the test sets `hook`."""
    server = start_git_server(tmp_path / "git")
    yield server
    server.stop()
