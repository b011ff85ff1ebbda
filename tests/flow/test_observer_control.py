"""What happens on the control cluster makes applications due: what somebody did, and not what we wrote ourselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.models.keys import EntryKey
from reconciler.models.words import CONTROLLER, FINALIZER, PART_OF, REFRESH, SECRET_TYPE
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.valkey import Valkey
from tests.support.crds import install_crds
from tests.support.observing import Desk, a_desk, an_observer

REPO = "https://git.example/team/shop.git"


@pytest.fixture
def desk(control_plane: ControlPlane, valkey: Valkey) -> Iterator[Desk]:
    install_crds(control_plane)
    with a_desk(valkey) as desk:
        yield desk


class Stage:
    """One control namespace with one Application, `web`."""

    def __init__(self, plane: ControlPlane, namespace: str, desk: Desk) -> None:
        self.api, self.namespace, self.desk = plane.api, namespace, desk
        self.entry = EntryKey("app", f"{namespace}/web")
        self.path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/web"

    def create(self, **metadata: object) -> Json:
        return self.api.create(an_application(self.namespace, "web", **metadata))

    def patch(self, change: Json) -> None:
        self.api.patch(self.path, change)

    def sentinel(self) -> None:
        """Waits until the observer has seen everything that was written before."""
        other = EntryKey("app", f"{self.namespace}/sentinel")
        before = self.desk.count(other)
        self.api.apply(an_application(self.namespace, "sentinel", annotations={CONTROLLER: f"seen-{before}"}))
        self.desk.wait_for_more(other, before)


def an_application(namespace: str, name: str, **metadata: object) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "spec": {
            "project": "shop",
            "source": {"repoURL": REPO, "path": "."},
            "destination": {"name": "in-cluster", "namespace": "default"},
        },
    }


@pytest.fixture
def stage(control_plane: ControlPlane, namespace: str, desk: Desk) -> Stage:
    return Stage(control_plane, namespace, desk)


@pytest.fixture
def watched(control_plane: ControlPlane, valkey: Valkey, stage: Stage) -> Iterator[Stage]:
    """The stage with an Application that the observer knows and that is due for no other reason."""
    stage.create()
    with an_observer(control_plane, valkey, stage.namespace):
        stage.desk.wait_for_more(stage.entry, 0)
        stage.sentinel()
        yield stage


def test_an_application_and_its_repository_are_due_when_they_appear(
    stage: Stage, control_plane: ControlPlane, valkey: Valkey
) -> None:
    with an_observer(control_plane, valkey, stage.namespace):
        assert stage.desk.count(stage.entry) == 0
        stage.create()
        stage.desk.wait_for_more(stage.entry, 0)
        stage.desk.wait_for_more(EntryKey("repo", REPO), 0)
        assert stage.desk.lane(stage.entry) == "push"
        assert stage.desk.lane(EntryKey("repo", REPO)) == "timer"


@pytest.mark.parametrize(
    ("change", "lane"),
    [
        ({"operation": {"sync": {"revision": "abc"}, "initiatedBy": {"username": "ann"}}}, "person"),
        ({"metadata": {"annotations": {REFRESH: "normal"}}}, "person"),
        ({"status": {"operationState": {"phase": "Terminating"}}}, "person"),
        ({"spec": {"source": {"path": "other"}}}, "push"),
        ({"metadata": {"annotations": {CONTROLLER: "active"}}}, "push"),
        ({"metadata": {"finalizers": [FINALIZER]}}, "push"),
    ],
    ids=["operation", "refresh", "terminate", "spec", "annotation", "finalizer"],
)
def test_what_somebody_does_makes_it_due(watched: Stage, change: Json, lane: str) -> None:
    before = watched.desk.count(watched.entry)
    watched.patch(change)
    watched.desk.wait_for_more(watched.entry, before)
    if lane == "person":
        assert watched.desk.lane(watched.entry) == "person"


def test_a_deletion_that_waits_for_us_is_a_persons_and_its_end_asks_for_the_last_pass(watched: Stage) -> None:
    watched.patch({"metadata": {"finalizers": [FINALIZER]}})
    watched.sentinel()
    before = watched.desk.count(watched.entry)
    watched.api.delete(watched.path)
    watched.desk.wait_for_more(watched.entry, before)
    assert watched.desk.lane(watched.entry) == "person"
    watched.sentinel()
    before = watched.desk.count(watched.entry)
    watched.patch({"metadata": {"finalizers": None}})
    watched.desk.wait_for_more(watched.entry, before)


def test_what_a_pass_writes_makes_nothing_due(watched: Stage) -> None:
    watched.patch({"metadata": {"annotations": {REFRESH: "hard"}}})
    watched.sentinel()
    before = watched.desk.count(watched.entry)
    watched.patch({"metadata": {"annotations": {REFRESH: None}}})
    watched.patch({"operation": {"sync": {"revision": "abc"}, "initiatedBy": {"automated": True}}})
    watched.patch({"operation": None, "status": {"operationState": {"phase": "Running"}}})
    watched.patch({"status": {"sync": {"status": "Synced"}, "reconciledAt": "2026-01-01T00:00:00Z"}})
    watched.patch({"metadata": {"labels": {"team": "shop"}, "annotations": {"example.com/note": "x"}}})
    watched.sentinel()
    assert watched.desk.count(watched.entry) == before


def test_its_project_its_cluster_and_the_settings_make_it_due(watched: Stage) -> None:
    namespace, desk, entry = watched.namespace, watched.desk, watched.entry

    def makes_due(manifest: Json) -> None:
        before = desk.count(entry)
        watched.api.apply(manifest)
        desk.wait_for_more(entry, before)

    def makes_nothing_due(manifest: Json) -> None:
        watched.sentinel()
        before = desk.count(entry)
        watched.api.apply(manifest)
        watched.sentinel()
        assert desk.count(entry) == before

    def project(name: str) -> Json:
        metadata = {"namespace": namespace, "name": name}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": {}}

    def secret(kind: str, **data: str) -> Json:
        metadata = {"namespace": namespace, "name": f"s-{len(data['name'])}", "labels": {SECRET_TYPE: kind}}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}

    labels = {PART_OF: "argocd"}
    makes_due(project("shop"))
    makes_nothing_due(project("other"))
    makes_due(secret("cluster", name="in-cluster", server="https://kubernetes.default.svc"))
    makes_nothing_due(secret("cluster", name="elsewhere", server="https://elsewhere.example"))
    makes_due(secret("repo-creds", name="creds", url="https://git.example/team"))
    makes_nothing_due(secret("repository", name="another", url="https://git.example/team/other"))
    makes_due(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": namespace, "name": "argocd-cm", "labels": labels},
            "data": {"timeout.reconciliation": "60s"},
        }
    )


def test_an_observer_that_starts_again_asks_only_for_what_changed_meanwhile(
    stage: Stage, control_plane: ControlPlane, valkey: Valkey
) -> None:
    stage.create()
    quiet = EntryKey("app", f"{stage.namespace}/quiet")
    gone = EntryKey("app", f"{stage.namespace}/gone")
    for entry in (quiet, gone):
        stage.api.create(an_application(stage.namespace, entry.name.partition("/")[2]))
    with an_observer(control_plane, valkey, stage.namespace):
        for entry in (stage.entry, quiet, gone):
            stage.desk.wait_for_more(entry, 0)
        stage.sentinel()
    before = {entry: stage.desk.count(entry) for entry in (stage.entry, quiet, gone)}
    stage.patch({"spec": {"source": {"path": "other"}}})
    stage.api.delete(stage.path.replace("/web", "/gone"))
    with an_observer(control_plane, valkey, stage.namespace):
        stage.desk.wait_for_more(stage.entry, before[stage.entry])
        stage.desk.wait_for_more(gone, before[gone])
        stage.sentinel()
        assert stage.desk.count(quiet) == before[quiet]


def test_a_set_is_due_when_it_changes_and_when_its_application_or_a_cluster_does(
    stage: Stage, control_plane: ControlPlane, valkey: Valkey
) -> None:
    entry, desk = EntryKey("appset", f"{stage.namespace}/fleet"), stage.desk
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{stage.namespace}/applicationsets/fleet"
    with an_observer(control_plane, valkey, stage.namespace):
        made = stage.api.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "ApplicationSet",
                "metadata": {"namespace": stage.namespace, "name": "fleet"},
                "spec": {
                    "generators": [],
                    "template": {"metadata": {}, "spec": {"project": "shop", "destination": {}}},
                },
            }
        )
        desk.wait_for_more(entry, 0)
        uid = made["metadata"]["uid"]
        owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "fleet", "uid": uid}
        stage.create(ownerReferences=[{**owner, "controller": True}])
        stage.sentinel()
        before = desk.count(entry)
        stage.patch(
            {"status": {"sync": {"status": "Synced", "comparedTo": {"source": {"repoURL": REPO}, "destination": {}}}}}
        )
        desk.wait_for_more(entry, before)
        before = desk.count(entry)
        stage.patch({"spec": {"revisionHistoryLimit": 3}})
        desk.wait_for_more(entry, before)
        before = desk.count(entry)
        secret = {"name": "far", "namespace": stage.namespace, "labels": {SECRET_TYPE: "cluster"}}
        stage.api.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"server": "https://far"}}
        )
        desk.wait_for_more(entry, before)
        before = desk.count(entry)
        stage.api.patch(path, {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}})
        desk.wait_for_more(entry, before)
        assert desk.lane(entry) == "person"
