"""Destinations that die, come back, come back empty or change their credentials; and the process itself."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.models.keys import ClusterUrl, EntryKey, GroupKind, ObjectKey
from reconciler.models.words import SECRET_TYPE, TRACKING_ID
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.support.crds import install_crds
from tests.support.observing import MANAGER, WITHIN_S, Desk, a_desk, an_observer
from tests.support.servers import a_control_plane
from tests.support.store import KEYS, ROOT_KEY

CONFIG_MAP = GroupKind("", "ConfigMap")


@pytest.fixture(scope="module")
def east(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A destination for this file alone, to be killed and emptied."""
    plane = a_control_plane(tmp_path_factory.mktemp("east"), ControlPlaneOptions(name="east", audit=False))
    yield plane
    plane.stop()


class Rig:
    """A control namespace with the Application `web`, whose config maps lie in `default` of the cluster `east`."""

    def __init__(self, control: ControlPlane, east: ControlPlane, namespace: str, desk: Desk) -> None:
        self.control, self.east, self.namespace, self.desk = control, east, namespace, desk
        self.url = ClusterUrl(east.url)
        self.entry = EntryKey("app", f"{namespace}/web")

    def register(self, token: str) -> None:
        tls = {"caData": base64.b64encode(self.east.ca_pem.encode()).decode()}
        config = json.dumps({"bearerToken": token, "tlsClientConfig": tls})
        metadata = {"namespace": self.namespace, "name": "east", "labels": {SECRET_TYPE: "cluster"}}
        data = {"name": "east", "server": self.url, "config": config}
        self.control.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})

    def deploy(self) -> None:
        self.control.api.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"namespace": self.namespace, "name": "web"},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": "https://git.example/web.git", "path": "."},
                    "destination": {"name": "east", "namespace": "default"},
                },
                "status": {"resources": [{"kind": "ConfigMap", "name": "settings"}]},
            }
        )

    def config_map(self, name: str = "settings", **data: str) -> Json:
        metadata = {
            "namespace": "default",
            "name": name,
            "annotations": {TRACKING_ID: f"web:/ConfigMap:default/{name}"},
        }
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def write(self, **data: str) -> None:
        self.east.api.apply(self.config_map(**data), manager=MANAGER)

    def drift(self, **data: str) -> None:
        path = "/api/v1/namespaces/default/configmaps/settings?fieldManager=kubectl-edit"
        self.east.api.patch(path, {"data": data})

    @property
    def is_seen(self) -> bool:
        key = ObjectKey("", "ConfigMap", "default", "settings")
        sighting = self.desk.summaries.read(self.url, [key])
        return key in sighting.found and CONFIG_MAP in sighting.fresh


@pytest.fixture
def rig(control_plane: ControlPlane, east: ControlPlane, namespace: str, valkey: Valkey) -> Iterator[Rig]:
    install_crds(control_plane)
    with a_desk(valkey) as desk:
        rig = Rig(control_plane, east, namespace, desk)
        rig.write(mode="on")
        yield rig


def test_a_destination_that_dies_and_returns_is_watched_again(rig: Rig, valkey: Valkey) -> None:
    rig.register(rig.east.admin_token)
    rig.deploy()
    with an_observer(rig.control, valkey, rig.namespace):
        wait_for(lambda: rig.is_seen, "the config map", timeout_s=WITHIN_S)
        rig.east.restart()
        before = rig.desk.count(rig.entry)
        rig.drift(mode="off")
        rig.desk.wait_for_more(rig.entry, before)


def test_a_destination_that_comes_back_empty_makes_its_applications_due(rig: Rig, valkey: Valkey) -> None:
    rig.register(rig.east.admin_token)
    rig.deploy()
    with an_observer(rig.control, valkey, rig.namespace):
        wait_for(lambda: rig.is_seen, "the config map", timeout_s=WITHIN_S)
        before = rig.desk.count(rig.entry)
        rig.east.restart(empty=True)
        rig.desk.wait_for_more(rig.entry, before)
        wait_for(lambda: not rig.is_seen, "the summary to go", timeout_s=WITHIN_S)


def test_credentials_that_are_mended_are_used_without_a_restart(rig: Rig, valkey: Valkey) -> None:
    rig.register("revoked")
    rig.deploy()
    with an_observer(rig.control, valkey, rig.namespace) as observer:
        assert not rig.is_seen
        rig.register(rig.east.admin_token)
        wait_for(lambda: rig.is_seen, "the config map", timeout_s=WITHIN_S)
        assert [len(destination.kinds) for destination in observer.destinations.values()] == [1]


def test_a_cluster_that_is_registered_late_is_watched_from_then_on(rig: Rig, valkey: Valkey) -> None:
    rig.deploy()
    with an_observer(rig.control, valkey, rig.namespace) as observer:
        assert observer.destinations == {}
        rig.register(rig.east.admin_token)
        wait_for(lambda: rig.is_seen, "the config map", timeout_s=WITHIN_S)


def test_an_observer_with_a_broken_part_ends_instead_of_being_blind(
    rig: Rig, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    rig.deploy()

    def broken(*_: object) -> None:
        raise TypeError("a fault of ours")

    with an_observer(rig.control, valkey, rig.namespace, ended=failed.append):
        monkeypatch.setattr("reconciler.observe.outbox.Outbox._flush", broken)
        rig.register(rig.east.admin_token)
        wait_for(lambda: failed == ["the outbox ended"], "the observer to end", timeout_s=WITHIN_S)


@contextmanager
def a_process(control: ControlPlane, valkey: Valkey, namespace: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "RECONCILER_KUBECONFIG": str(control.kubeconfig_path),
        "RECONCILER_NAMESPACE": namespace,
        "RECONCILER_REDIS_URL": valkey.url,
        "RECONCILER_KEY_PREFIX": KEYS.prefix,
        "RECONCILER_ROOT_KEY": ROOT_KEY,
    }
    process = subprocess.Popen([sys.executable, "-m", "workers", "observe"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def test_an_observer_process_ends_at_sigterm_and_a_killed_one_is_replaced(rig: Rig, valkey: Valkey) -> None:
    rig.register(rig.east.admin_token)
    rig.deploy()
    with (
        a_process(rig.control, valkey, rig.namespace) as killed,
        an_observer(rig.control, valkey, rig.namespace) as other,
    ):
        wait_for(lambda: rig.is_seen, "the config map", timeout_s=WITHIN_S)
        wait_for(lambda: len(other.status()["peers"]) == 2, "both to meet", timeout_s=WITHIN_S)
        killed.kill()
        wait_for(lambda: other.control.speaks and bool(other.destinations), "the other one", timeout_s=WITHIN_S)
        before = rig.desk.count(rig.entry)
        rig.drift(mode="off")
        rig.desk.wait_for_more(rig.entry, before)
    with a_process(rig.control, valkey, rig.namespace) as polite:
        before = rig.desk.count(rig.entry)

        def drifts() -> bool:
            rig.drift(mode=str(rig.desk.count(rig.entry)))
            return rig.desk.count(rig.entry) > before

        wait_for(drifts, "the process to watch", timeout_s=WITHIN_S)
        polite.send_signal(signal.SIGTERM)
        assert polite.wait(timeout=10) == 0
