"""Looking is free: in shadow no mutating verb is sent at all, and what is said is right all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from tests.flow.tenancy import READ_ONLY, Tenant, a_config_map, a_tenant, neighbour
from tests.support.appliers import WAYS

MARK = "argocd.argoproj.io/tracking-id"

OBJECTS = (
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "red"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"password": "first"}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx", "resources": {"limits": {"cpu": "1000m"}}}]},
            },
        },
    },
)
FLEET = {"all.yaml": "---\n".join(yaml.safe_dump(body) for body in OBJECTS)}


@pytest.fixture(scope="module")
def shadow_worker(
    control_plane: ControlPlane,
    module_valkey: Valkey,
    module_git: GitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tenant]:
    """A worker in shadow that would be allowed to write everything: its own word is all that keeps it from that."""
    folder = tmp_path_factory.mktemp("shadow")
    with a_tenant(control_plane, module_valkey, module_git, folder, manage="shadow") as made:
        yield made


@pytest.fixture
def shadow(shadow_worker: Tenant) -> Tenant:
    return neighbour(shadow_worker)


def marked(body: Json, app: AppKey, namespace: str) -> Json:
    """An object as Argo CD applies it for an application of its own namespace."""
    group = body["apiVersion"].rpartition("/")[0]
    mark = f"{app.name}:{group}/{body['kind']}:{namespace}/{body['metadata']['name']}"
    metadata = {**body["metadata"], "namespace": namespace, "annotations": {MARK: mark}}
    return {**body, "metadata": metadata}


def fleet_applied_by(shadow: Tenant, way: Callable[[Api, Json], Json]) -> AppKey:
    """An application whose objects somebody else deployed as Git wants them, marked as Argo CD would mark them."""
    shadow.git.create(shadow.repo, {f"web/{name}": text for name, text in FLEET.items()})
    key = shadow.create(shadow.application())
    for body in OBJECTS:
        way(shadow.plane.api, marked(body, key, shadow.target_namespace))
    return key


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_fleet_that_others_applied_is_judged_right_without_a_mutating_verb(
    shadow: Tenant, way: Callable[[Api, Json], Json]
) -> None:
    key = fleet_applied_by(shadow, way)
    log, before = shadow.audit(), shadow.read(key)

    equal = shadow.reconcile(key, lane="person")
    shadow.by_hand("settings", {"data": {"color": "green"}})
    shadow.plane.api.delete(f"/api/v1/namespaces/{shadow.target_namespace}/services/web")
    drifted = shadow.reconcile(key, lane="person")

    assert (equal.sync, drifted.sync) == ("Synced", "OutOfSync")
    assert shadow.tried(log) == []
    assert [event for event in log.events() if event.user == shadow.user]
    assert shadow.read(key) == before


def test_shadow_leaves_operations_deletions_and_refreshes_to_whoever_is_in_charge(shadow: Tenant) -> None:
    key = fleet_applied_by(shadow, WAYS["Argo CD, client-side"])
    shadow.plane.api.patch(
        shadow.app_path(key), {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}}
    )
    shadow.annotate(key, refresh="hard")
    shadow.patch(key, {"operation": {"sync": {"prune": True}}})
    log = shadow.audit()
    shadow.push({"all.yaml": "", "new.yaml": a_config_map("new")})

    shadow.reconcile(key)
    shadow.plane.api.delete(shadow.app_path(key))
    shadow.reconcile(key)

    assert shadow.tried(log) == []
    assert "refresh" in " ".join(shadow.read(key)["metadata"]["annotations"])


def test_shadow_needs_no_right_but_to_read(
    control_plane: ControlPlane, module_valkey: Valkey, module_git: GitServer, tmp_path: Path
) -> None:
    with a_tenant(control_plane, module_valkey, module_git, tmp_path, rules=READ_ONLY, manage="shadow") as reader:
        key = fleet_applied_by(reader, WAYS["kubectl, server-side"])
        log = reader.audit()

        result = reader.reconcile(key, lane="person")

        assert (result.sync, [item.type for item in result.conditions]) == ("Synced", [])
        assert [event for event in log.events() if event.user == reader.user and event.code == 403] == []


CLAIMS = {"reconciler.dev/controller": "active", "argocd.argoproj.io/skip-reconcile": "true"}


def test_only_adopted_applications_are_written_and_stopped_ones_are_not_even_compared(
    control_plane: ControlPlane, module_valkey: Valkey, module_git: GitServer, tmp_path: Path
) -> None:
    with a_tenant(control_plane, module_valkey, module_git, tmp_path, manage="adopted") as worker:
        worker.git.create(worker.repo, {f"{name}/one.yaml": a_config_map(name) for name in ("ours", "theirs", "none")})
        keys = {name: worker.create(_claimed(worker, name, marks)) for name, marks in _MARKS.items()}
        log = worker.audit()

        verdicts = {name: worker.reconcile(key).verdict for name, key in keys.items()}

        assert verdicts == {"ours": "acted", "theirs": "compared", "none": "skipped"}
        assert {event.name for event in worker.sent(log)} == {"ours"}
        written = {event.name for event in worker.sent(log, everywhere=True) if event.resource == "applications"}
        assert written == {keys["ours"].name}


_MARKS: dict[str, JsonObject] = {
    "ours": CLAIMS,
    "theirs": {"reconciler.dev/controller": "active"},
    "none": {"argocd.argoproj.io/skip-reconcile": "true"},
}


def _claimed(worker: Tenant, path: str, marks: JsonObject) -> JsonObject:
    application = worker.application(name=f"{worker.repo}-{path}", path=path)
    application["metadata"]["annotations"] = marks
    return application


def test_taking_over_a_fleet_of_argo_cd_writes_each_object_once_at_most(tenant: Tenant) -> None:
    key = fleet_applied_by(tenant, WAYS["Argo CD, client-side"])
    log = tenant.audit()

    for lane in ("push", "person", "timer"):
        tenant.reconcile(key, lane=lane)

    assert tenant.verdict(key)[0] == "Synced"
    names = [(event.resource, event.name) for event in tenant.sent(log)]
    assert len(names) == len(set(names))
