"""Real Argo CD objects are read and written back without loss, by us and through an API server with our definitions."""

import secrets
from collections import Counter
from functools import cache, partial

import pytest
import yaml

from reconciler.models.application import Application
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.project import AppProject
from reconciler.models.wire import WireObject
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for
from tests.compat.realobjects import PROJECT, Json, real_objects

MODELS: dict[str, type[WireObject]] = {
    "Application": Application,
    "ApplicationSet": ApplicationSet,
    "AppProject": AppProject,
}
EVERYTHING: Json = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "everything"},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "namespaceResourceWhitelist": [],
        "orphanedResources": {"warn": False},
        "roles": [{"name": "ci", "policies": ["p, proj:everything:ci, applications, sync, everything/*, allow"]}],
        "aFieldOfTomorrow": {"kept": [1, {"deep": True}]},
    },
}


@cache
def objects() -> tuple[Json, ...]:
    return (*real_objects(), EVERYTHING)


def test_the_real_repositories_hold_what_these_tests_are_about() -> None:
    counts = Counter(found["kind"] for found in objects())
    assert counts["Application"] >= 7
    assert counts["ApplicationSet"] >= 45


def test_every_real_object_is_read_and_written_back_without_loss() -> None:
    for found in objects():
        assert MODELS[found["kind"]].parse(found).to_json() == found


@pytest.fixture(scope="module")
def defined(control_plane: ControlPlane) -> ControlPlane:
    """The API server of the session, serving our definitions."""
    for path in sorted((PROJECT / "deploy" / "crds").glob("*-crd.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        control_plane.api.apply(definition)
        where = control_plane.api.path(definition)
        wait_for(partial(_is_established, control_plane, where), f"{path.name} served", timeout_s=30)
    return control_plane


def _is_established(plane: ControlPlane, where: str) -> bool:
    return _conditions(plane, where).get("Established") == "True"


def _conditions(plane: ControlPlane, where: str) -> dict[str, str]:
    status = plane.api.get(where).get("status") or {}
    return {each["type"]: each["status"] for each in status.get("conditions") or ()}


def test_no_definition_violates_the_rules_for_structural_schemas(defined: ControlPlane) -> None:
    for plural in ("applications", "applicationsets", "appprojects"):
        name = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.argoproj.io"
        assert _conditions(defined, name).get("NonStructuralSchema") in (None, "False")


def test_every_real_object_comes_back_from_the_api_server_as_it_was(defined: ControlPlane, namespace: str) -> None:
    for found in objects():
        name = f"o-{secrets.token_hex(4)}"
        sent = found | {"metadata": found["metadata"] | {"namespace": namespace, "name": name}}
        back = MODELS[found["kind"]].parse(defined.api.get(defined.api.path(defined.api.create(sent)))).to_json()
        assert {field: back[field] for field in found if field != "metadata"} == _without(found, "metadata")
        assert {field: back["metadata"].get(field) for field in sent["metadata"]} == sent["metadata"]


def test_a_status_is_written_with_the_application_and_apart_from_the_applicationset(
    defined: ControlPlane, namespace: str
) -> None:
    spec = {"destination": {"server": "https://x"}, "project": "default"}
    status = {"sync": {"status": "Synced"}}
    made = defined.api.create(_named("Application", namespace, spec=spec, status=status))
    assert made["status"] == status
    made = defined.api.create(
        _named("ApplicationSet", namespace, spec={"generators": []}, status={"resourcesCount": 1})
    )
    assert "status" not in made
    put = defined.api.patch(f"{defined.api.path(made)}/status", {"status": {"resourcesCount": 1}})
    assert put["status"] == {"resourcesCount": 1}


def _named(kind: str, namespace: str, **fields: Json) -> Json:
    metadata = {"name": f"o-{secrets.token_hex(4)}", "namespace": namespace}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, **fields}


def _without(found: Json, field: str) -> Json:
    return {name: value for name, value in found.items() if name != field}
