"""An Application whose source holds Applications, projects and sets: any depth, and what goes when the root goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.models.words import FINALIZER
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.support.flow import Crew, a_crew

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}}}\ndata: {{a: b}}\n"


def child(crew: Crew, name: str, path: str, **spec: object) -> JsonObject:
    body = crew.application(name, path, **spec)
    return {**body, "metadata": {**body["metadata"], "finalizers": [FINALIZER]}}


def in_control(crew: Crew) -> JsonObject:
    return {"server": "https://kubernetes.default.svc", "namespace": crew.control_namespace}


def a_project(crew: Crew) -> JsonObject:
    everything = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    metadata = {"name": "team", "namespace": crew.control_namespace}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": everything}


def a_set(crew: Crew) -> JsonObject:
    source = {"repoURL": crew.repo_url, "path": "leaves/{{name}}", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": crew.target_namespace}
    spec = {"project": "team", "source": source, "destination": destination, "syncPolicy": {"automated": {}}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "leaves", "namespace": crew.control_namespace},
        "spec": {
            "generators": [{"list": {"elements": [{"name": "fern"}]}}],
            "template": {"metadata": {"name": "leaf-{{name}}"}, "spec": spec},
        },
    }


def planted(crew: Crew) -> dict[str, AppKey]:
    """A root, a branch below it, and below that a leaf, a project, and a set with a leaf of its own."""
    files = {
        "root/branch.json": json.dumps(child(crew, "branch", "branch", destination=in_control(crew))),
        "branch/leaf.json": json.dumps(child(crew, "leaf", "leaves/oak")),
        "branch/project.json": json.dumps(a_project(crew)),
        "branch/set.json": json.dumps(a_set(crew)),
        "leaves/oak/oak.yaml": CONFIG.format("oak"),
        "leaves/fern/fern.yaml": CONFIG.format("fern"),
    }
    crew.git.create(crew.repo, files)
    crew.create(child(crew, "root", "root", destination=in_control(crew)))
    return {name: AppKey(crew.control_namespace, name) for name in ("root", "branch", "leaf", "leaf-fern")}


def exists(crew: Crew, key: AppKey) -> bool:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}"
    return crew.plane.api.find(path) is not None


def grow(crew: Crew) -> dict[str, AppKey]:
    keys = planted(crew)
    for name in ("root", "branch", "leaf"):
        crew.reconcile(keys[name])
        crew.reconcile(keys[name])
    crew.expand("leaves")
    crew.services.readers.catalog.invalidate()
    crew.reconcile(keys["leaf-fern"])
    return keys


def test_applications_projects_and_sets_deploy_to_any_depth(crew: Crew) -> None:
    keys = grow(crew)
    assert all(exists(crew, key) for key in keys.values())
    assert crew.config_map("oak") is not None
    assert crew.config_map("fern") is not None
    for name in ("root", "branch"):
        crew.reconcile(keys[name])
        assert crew.read(keys[name])["status"]["sync"]["status"] == "Synced"


def test_a_status_that_changes_below_makes_nobody_above_write(crew: Crew) -> None:
    keys = grow(crew)
    crew.reconcile(keys["branch"])
    before = crew.read(keys["leaf"])["metadata"]["resourceVersion"]
    for _ in range(2):
        crew.reconcile(keys["branch"])
    assert crew.read(keys["leaf"])["metadata"]["resourceVersion"] == before


@pytest.fixture
def whole(workload_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path) -> Iterator[Crew]:
    """A crew on a cluster whose garbage collector runs: deletions are in the foreground."""
    with a_crew(workload_plane, valkey, git_server, tmp_path) as made:
        yield made


def until_gone(crew: Crew, keys: dict[str, AppKey], *names: str) -> None:
    """Passes over all that is there, until some Applications are gone."""

    def is_gone() -> bool:
        for key in keys.values():
            if exists(crew, key):
                crew.reconcile(key)
        return not any(exists(crew, keys[name]) for name in names)

    wait_for(is_gone, f"{names} to be gone", timeout_s=60, every_s=0.2)


def test_the_root_takes_everything_below_along(whole: Crew) -> None:
    keys = grow(whole)
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{whole.control_namespace}"
    whole.plane.api.delete(f"{path}/applications/root")
    until_gone(whole, keys, *keys)
    assert whole.config_map("oak") is None
    assert whole.config_map("fern") is None
    assert whole.plane.api.find(f"{path}/applicationsets/leaves") is None


def test_a_child_that_leaves_git_is_pruned_with_what_it_deployed(whole: Crew) -> None:
    keys = grow(whole)
    whole.git.commit(whole.repo, {"branch/leaf.json": None}, "no leaf")
    whole.refresh()
    until_gone(whole, keys, "leaf")
    assert whole.config_map("oak") is None
    assert exists(whole, keys["leaf-fern"])
    assert whole.config_map("fern") is not None
