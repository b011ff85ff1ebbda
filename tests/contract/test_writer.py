"""Writes against a real API server: what is tied to what was read, and what the server says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.apply import Recorder, Writer, run
from reconciler.clusters import Cluster, Link, control_cluster
from reconciler.errors import LeaseLost, ObjectConflict, ObjectGone, ObjectRejected
from reconciler.models.application import Application
from reconciler.models.keys import AppKey, ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.words import FINALIZER, REFRESH
from reconciler.plan.cascade import finalizer_patch
from reconciler.plan.migration import migration
from reconciler.plan.ownership import owned_fields_equal
from reconciler.plan.patch import refresh_patch
from reconciler.plan.steps import Step
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings
from tests.support.crds import install_crds

OURS = "argocd-controller"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    cluster = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path), Link())
    with closing(cluster.transport):
        yield cluster


@pytest.fixture
def writer(cluster: Cluster) -> Writer:
    return Writer(cluster, OURS, lambda: None)


def a_config_map(namespace: str, name: str = "settings", **data: str) -> Manifest:
    metadata = {"namespace": namespace, "name": name}
    return Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def applied_by(live: LiveObject, manager: str) -> list[Json]:
    return [entry for entry in live.metadata["managedFields"] if entry["manager"] == manager]


def read(cluster: Cluster, key: ObjectKey) -> LiveObject:
    live = cluster.get(key)
    assert live is not None
    return live


def test_an_apply_creates_updates_and_takes_fields_away(writer: Writer, cluster: Cluster, namespace: str) -> None:
    created = writer.apply(a_config_map(namespace, a="1", b="1"), live=None)
    updated = writer.apply(a_config_map(namespace, a="2"), live=created)
    assert read(cluster, created.key).body["data"] == {"a": "2"}
    assert updated.uid == created.uid
    assert [entry["operation"] for entry in applied_by(updated, OURS)] == ["Apply"]


def test_an_apply_without_change_writes_nothing(writer: Writer, namespace: str) -> None:
    created = writer.apply(a_config_map(namespace, a="1"), live=None)
    assert writer.apply(a_config_map(namespace, a="1"), live=created).resource_version == created.resource_version


def test_a_field_that_somebody_else_applied_becomes_ours(
    writer: Writer, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply(a_config_map(namespace, a="theirs").body, manager="rival")
    live = writer.apply(a_config_map(namespace, a="ours"), live=None)
    assert live.body["data"] == {"a": "ours"}
    assert "f:data" not in (applied_by(live, "rival") or [{"fieldsV1": {}}])[0]["fieldsV1"]


def test_an_update_of_an_object_that_moved_is_refused(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    created = writer.apply(a_config_map(namespace, a="1"), live=None)
    path = control_plane.api.path(created.body)
    control_plane.api.patch(path, {"data": {"a": "by hand"}})
    with pytest.raises(ObjectConflict):
        writer.apply(a_config_map(namespace, a="2"), live=created)
    assert read(cluster, created.key).body["data"] == {"a": "by hand"}


def test_an_update_of_an_object_that_vanished_does_not_bring_it_back(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    created = writer.apply(a_config_map(namespace, a="1"), live=None)
    control_plane.api.delete(control_plane.api.path(created.body))
    with pytest.raises(ObjectConflict, match="uid mismatch"):
        writer.apply(a_config_map(namespace, a="2"), live=created)
    assert cluster.get(created.key) is None


def test_a_dry_run_predicts_and_stores_nothing(writer: Writer, cluster: Cluster, namespace: str) -> None:
    predicted = writer.apply(a_config_map(namespace, a="1"), live=None, dry_run=True)
    assert predicted.body["data"] == {"a": "1"}
    assert cluster.get(predicted.key) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unknown": {}}, "field not declared in schema"),
        ({"metadata": {"namespace": "absent-namespace", "name": "a"}}, 'namespaces "absent-namespace" not found'),
        ({"kind": "Nonsense"}, "does not serve Nonsense"),
        ({"apiVersion": "v9"}, "does not serve ConfigMap in version v9"),
        ({"metadata": {"namespace": "default", "name": "Not A Name"}}, "Invalid value"),
    ],
)
def test_an_object_that_cannot_be_is_refused_in_the_servers_words(
    writer: Writer, namespace: str, change: Json, words: str
) -> None:
    with pytest.raises(ObjectRejected, match=words):
        writer.apply(Manifest({**a_config_map(namespace).body, **change}), live=None)


def test_a_delete_takes_that_very_object_only(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    first = writer.apply(a_config_map(namespace, a="1"), live=None)
    control_plane.api.delete(control_plane.api.path(first.body))
    second = writer.apply(a_config_map(namespace, a="1"), live=None)
    with pytest.raises(ObjectConflict):
        writer.delete(first, "Background")
    assert read(cluster, first.key).uid == second.uid
    assert writer.delete(second, "Background") is True
    assert writer.delete(second, "Background") is False


def test_a_delete_of_an_object_that_changed_since_it_was_read_is_refused(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    live = writer.apply(a_config_map(namespace, a="1"), live=None)
    control_plane.api.patch(control_plane.api.path(live.body), {"metadata": {"annotations": {"keep": "me"}}})
    with pytest.raises(ObjectConflict):
        writer.delete(live, "Foreground")
    assert cluster.get(live.key) is not None


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "argocd-application-controller"])
def test_migrated_ownership_lets_a_later_apply_take_fields_away(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str, manager: str
) -> None:
    manifest = a_config_map(namespace, a="1", b="1")
    path = control_plane.api.path(manifest.body, named=False)
    control_plane.api.request("POST", f"{path}?fieldManager={manager}", manifest.body)
    live = read(cluster, manifest.key)
    moved = migration(live, OURS)
    assert moved is not None
    migrated = writer.migrate(live, moved)
    assert owned_fields_equal(manifest, migrated, OURS) is True
    assert writer.apply(a_config_map(namespace, a="1"), live=migrated).body["data"] == {"a": "1"}


def test_a_migration_of_an_object_that_moved_is_refused(
    writer: Writer, control_plane: ControlPlane, namespace: str
) -> None:
    live = writer.apply(a_config_map(namespace, a="1"), live=None)
    control_plane.api.patch(control_plane.api.path(live.body), {"data": {"b": "2"}})
    with pytest.raises(ObjectConflict):
        writer.migrate(live, live.metadata["managedFields"])


def test_nothing_is_written_once_the_lease_is_lost(
    cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    def lost() -> None:
        raise LeaseLost("gone")

    control_plane.api.apply(a_config_map(namespace, a="1").body)
    live, writer = read(cluster, a_config_map(namespace).key), Writer(cluster, OURS, lost)
    writes: list[Any] = [
        lambda: writer.apply(a_config_map(namespace, a="2"), live=None),
        lambda: writer.migrate(live, []),
        lambda: writer.delete(live, "Background"),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert read(cluster, live.key).resource_version == live.resource_version


def test_a_definition_and_its_objects_go_in_one_after_the_other(
    writer: Writer, cluster: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "writer.test", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}}
    definition = Manifest(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.writer.test"},
            "spec": {**spec, "versions": [version]},
        }
    )
    metadata = {"namespace": namespace, "name": "w"}
    widget = Manifest({"apiVersion": "writer.test/v1", "kind": "Widget", "metadata": metadata})
    done: list[str] = []
    todo = [Step("create", manifest.key, manifest=manifest) for manifest in (definition, widget)]

    def one_pass() -> bool:
        outcome = run(todo, writer, budget_s=5)
        assert all(result.ok for result in outcome.results), outcome.results
        done.extend(result.key.kind for result in outcome.results)
        todo[:] = outcome.unfinished
        return not todo

    try:
        wait_for(one_pass, "the widget to be written", timeout_s=30)
    finally:
        control_plane.api.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.writer.test")
    assert done == ["CustomResourceDefinition", "Widget"]


@pytest.fixture
def recorder(control_plane: ControlPlane, cluster: Cluster) -> Recorder:
    install_crds(control_plane)
    return Recorder(cluster, lambda: NOON)


@pytest.fixture
def application(control_plane: ControlPlane, recorder: Recorder, namespace: str) -> Application:
    return Application.parse(
        control_plane.api.apply(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {
                    "namespace": namespace,
                    "name": "web",
                    "annotations": {REFRESH: "normal"},
                    "finalizers": ["resources-finalizer.argocd.argoproj.io"],
                },
                "spec": {
                    "project": "default",
                    "source": {"repoURL": "https://git.example/r.git", "path": "."},
                    "destination": {"name": "in-cluster", "namespace": "default"},
                },
            }
        )
    )


def test_a_status_is_recorded_only_on_the_application_that_was_read(
    recorder: Recorder, application: Application
) -> None:
    status = {"op": "add", "path": "/status", "value": {"sync": {"status": "Synced"}}}
    same = {"op": "test", "path": "/metadata/uid", "value": application.uid}
    other = {**same, "value": "another"}
    assert recorder.patch_application(application.key, [same, status]).body["status"]["sync"]["status"] == "Synced"
    with pytest.raises(ObjectConflict):
        recorder.patch_application(application.key, [other, status])
    with pytest.raises(ObjectGone):
        recorder.patch_application(AppKey(application.key.namespace, "absent"), [status])


def with_metadata(recorder: Recorder, application: Application, field: str, value: object) -> Application:
    patch = {"op": "add", "path": f"/metadata/{field}", "value": value}
    return Application.parse(recorder.patch_application(application.key, [patch]).body)


def test_a_refresh_that_somebody_renewed_meanwhile_is_not_taken_away(
    recorder: Recorder, application: Application
) -> None:
    seen = with_metadata(recorder, application, "annotations", {REFRESH: "normal"})
    renewed = with_metadata(recorder, application, "annotations", {REFRESH: "hard"})
    with pytest.raises(ObjectConflict):
        recorder.patch_application(seen.key, refresh_patch(seen))
    handled = recorder.patch_application(renewed.key, refresh_patch(renewed))
    assert REFRESH not in handled.annotations


def test_finalizers_go_only_while_they_are_those_that_were_read(recorder: Recorder, application: Application) -> None:
    app = with_metadata(recorder, application, "finalizers", [FINALIZER, "other.example/x"])
    patch = finalizer_patch(app, [FINALIZER])
    assert recorder.patch_application(app.key, patch).metadata["finalizers"] == ["other.example/x"]
    with pytest.raises(ObjectConflict):
        recorder.patch_application(app.key, patch)


def test_an_event_tells_of_an_application_and_its_failure_is_silent(
    recorder: Recorder, application: Application, control_plane: ControlPlane, namespace: str
) -> None:
    recorder.event(application, "OperationStarted", "Initiated automated sync")
    listed = control_plane.api.get(f"/api/v1/namespaces/{namespace}/events")["items"]
    assert [(e["reason"], e["involvedObject"]["name"], e["lastTimestamp"]) for e in listed] == [
        ("OperationStarted", "web", "2026-01-01T12:00:00Z")
    ]
    raw = {**application.raw, "metadata": {**application.raw["metadata"], "namespace": "absent-namespace"}}
    recorder.event(Application.parse(raw), "OperationStarted", "x")
