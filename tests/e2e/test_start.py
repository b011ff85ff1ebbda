"""Processes that must not start: each says in a sentence what to set, and leaves with a code that supervisors know."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import urllib3

from reconciler.sandbox.children import start_child
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.places import PROJECT, program
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.processes import START
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.client import connect
from tests.support.crds import install_crds
from tests.support.listening import listening

ROLES = ("worker", "beat", "observe", "api")
EXIT_CONFIGURATION, EXIT_UNAVAILABLE = 78, 75
ROOT_KEY = "test:" + "5a" * 32


def settings(plane: ControlPlane, valkey: Valkey, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "RECONCILER_KUBECONFIG": str(plane.kubeconfig_path),
        "RECONCILER_REDIS_URL": valkey.url,
        "RECONCILER_ROOT_KEY": ROOT_KEY,
        "RECONCILER_DATA_DIR": str(folder / "data"),
        "RECONCILER_RENDERER_PATH": str(program("renderer")),
    }


def started(role: str, env: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that ended by itself. Raises TimeoutExpired for one that goes on."""
    return subprocess.run([*START, role], env=env, cwd=folder, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("role", ROLES)
def test_a_redis_that_evicts_is_refused(
    role: str, control_plane: ControlPlane, own_valkey: Valkey, tmp_path: Path
) -> None:
    client = connect(own_valkey.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.close()
    ended = started(role, settings(control_plane, own_valkey, tmp_path), tmp_path)
    assert ended.returncode == EXIT_CONFIGURATION, ended.stderr
    assert "set maxmemory-policy noeviction on RECONCILER_REDIS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("role", ["beat", "api"])
def test_a_missing_root_key_is_named(
    role: str, control_plane: ControlPlane, own_valkey: Valkey, tmp_path: Path
) -> None:
    env = settings(control_plane, own_valkey, tmp_path) | {"RECONCILER_ROOT_KEY": ""}
    ended = started(role, env, tmp_path)
    assert ended.returncode == EXIT_CONFIGURATION, ended.stderr
    assert "RECONCILER_ROOT_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_redis_that_is_down_is_said_to_whoever_starts_it_again(
    control_plane: ControlPlane, own_valkey: Valkey, tmp_path: Path
) -> None:
    env = settings(control_plane, own_valkey, tmp_path)
    own_valkey.kill()
    ended = started("worker", env, tmp_path)
    assert ended.returncode == EXIT_UNAVAILABLE, ended.stderr
    assert "cannot start yet: redis" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_observer_shows_its_metrics_on_loopback(
    control_plane: ControlPlane, own_valkey: Valkey, tmp_path: Path
) -> None:
    install_crds(control_plane)
    port = free_port()
    env = settings(control_plane, own_valkey, tmp_path) | {"RECONCILER_METRICS_PORT": str(port)}
    observer = start_child("observe", [*START, "observe"], folder=tmp_path, env=env)

    def text() -> str | None:
        assert observer.exit_code is None, observer.last_words()
        try:
            return urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", timeout=5, retries=False).data.decode()
        except urllib3.exceptions.HTTPError:
            return None

    try:
        assert "process_resident_memory_bytes" in wait_for(text, "the observer's metrics", timeout_s=30)
        assert listening(port) == {"0100007F"}
    finally:
        observer.stop()
