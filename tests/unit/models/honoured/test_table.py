"""The table is whole and names real tests; what it does not honour is found where it is used."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.models.application import Application
from reconciler.models.honoured import (
    TABLE,
    unhonoured_fields,
    unhonoured_in_manifest,
    unhonoured_in_project,
    unhonoured_in_repository,
)
from reconciler.models.honoured.row import Row
from reconciler.models.manifest import Manifest
from reconciler.models.project import AppProject
from reconciler.models.secrets import RepositorySecret
from tests.unit.models.given import SOURCE, application

ROOT = Path(__file__).parents[4]
Json = dict[str, Any]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_every_honoured_row_names_a_test_that_exists() -> None:
    missing = []
    for row in TABLE:
        file, _, name = row.test.partition("::")
        if row.test and (not (ROOT / file).is_file() or not name.startswith("test_") or name not in names_in(file)):
            missing.append((row.name, row.test))
    assert missing == []


def test_a_row_stands_once_and_says_one_thing() -> None:
    assert len({(row.place, row.name) for row in TABLE}) == len(TABLE)
    assert [row.name for row in TABLE if row.test and row.idle] == []


def test_a_row_is_honoured_only_by_a_test() -> None:
    assert Row("x", "Application", test="tests/a.py::test_b").state == "honoured"
    assert Row("x", "Application", idle="because").state == "without effect"
    assert Row("x", "Application").blocks


def fields(spec: Json | None = None, settings: dict[str, str] | None = None, **top: Any) -> tuple[str, ...]:
    return unhonoured_fields(Application.parse(application(**(spec or {})) | top), settings or {})


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, ()),
        (
            {"source": SOURCE | {"helm": {"values": "a: 1", "ofTomorrow": True}}},
            ("spec.source.helm.ofTomorrow",),
        ),
        ({"source": SOURCE | {"helm": {}, "kustomize": {"images": []}, "plugin": None}}, ()),
        ({"source": SOURCE | {"helm": {"skipCrds": False}}}, ()),
        ({"source": SOURCE | {"directory": {"recurse": True}}}, ()),
        ({"source": SOURCE | {"directory": {"jsonnet": {"libs": ["x"]}}}}, ()),
        ({"source": SOURCE | {"kustomize": {"ofTomorrow": 1}}}, ("spec.source.kustomize.ofTomorrow",)),
        ({"sources": [SOURCE, {"repoURL": "https://x", "ref": "values"}]}, ()),
        ({"sources": [SOURCE, SOURCE | {"ofTomorrow": 1}]}, ("spec.sources.ofTomorrow",)),
        ({"sourceHydrator": {"drySource": {"repoURL": "x"}}}, ("spec.sourceHydrator.drySource",)),
        ({"ofTomorrow": {"deep": True}}, ("spec.ofTomorrow",)),
        ({"ofTomorrow": {"deep": False}}, ()),
        ({"source": SOURCE | {"ofTomorrow": 1}}, ("spec.source.ofTomorrow",)),
        ({"ignoreDifferences": [{"kind": "A", "jsonPointers": ["/x"], "jqPathExpressions": [".x"]}]}, ()),
        ({"ignoreDifferences": [{"kind": "A"}, {"ofTomorrow": ["/x"]}]}, ("spec.ignoreDifferences.ofTomorrow",)),
        (
            {"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Validate=true", "Replace=true", "Of=tomorrow"]}},
            ("sync option Of=tomorrow",),
        ),
        ({"syncPolicy": {"automated": {"prune": True, "enabled": False}, "retry": {"limit": 3}}}, ()),
    ],
)
def test_fields_of_a_spec_that_are_not_honoured_are_named(spec: Json, names: tuple[str, ...]) -> None:
    assert fields(spec) == names


@pytest.mark.parametrize(
    ("sync", "names"),
    [
        ({"prune": True, "source": SOURCE, "resources": [{"kind": "A", "name": "b"}]}, ()),
        ({"manifests": ["x"]}, ("operation.sync.manifests",)),
        ({"syncStrategy": {"apply": {"force": True}}}, ()),
        ({"syncStrategy": {"apply": {"gently": True}}}, ("operation.sync.syncStrategy.apply.gently",)),
        ({"syncStrategy": {"hook": {}}}, ()),
        ({"source": SOURCE | {"ofTomorrow": "x"}}, ("operation.sync.source.ofTomorrow",)),
        ({"syncOptions": ["Force=true", "Of=tomorrow"]}, ("sync option Of=tomorrow",)),
    ],
)
def test_a_requested_operation_counts_too(sync: Json, names: tuple[str, ...]) -> None:
    assert fields(operation={"sync": sync, "info": [{"name": "a", "value": "b"}]}) == names


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({"argocd.argoproj.io/refresh": "normal", "somebody.else/key": "x"}, ()),
        ({"argocd.argoproj.io/manifest-generate-paths": ".", "link.argocd.argoproj.io/a": "https://x"}, ()),
        ({"argocd.argoproj.io/of-tomorrow": "x"}, ("annotation argocd.argoproj.io/of-tomorrow",)),
        (
            {"argocd.argoproj.io/compare-options": "ServerSideDiff=true, OfTomorrow=true"},
            ("compare option OfTomorrow=true",),
        ),
    ],
)
def test_annotations_of_an_application_count_if_they_are_argo_cds(annotations: Json, names: tuple[str, ...]) -> None:
    assert fields(metadata={"name": "orders", "annotations": annotations}) == names


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"url": "https://x", "kustomize.buildOptions": "--enable-helm", "timeout.reconciliation": "60s"}, ()),
        ({"application.resourceTrackingMethod": "label", "installationID": "one"}, ()),
        ({"globalProjects": "- projectName: base"}, ()),
        ({"resource.exclusions": "- kinds: [A]"}, ()),
        ({"resource.customizations.health.apps_Deployment": "lua"}, ()),
        ({"resource.customizations.ignoreDifferences.all": "x"}, ()),
        ({"resource.customizations.ignoreResourceUpdates.all": "x"}, ()),
    ],
)
def test_settings_that_concern_every_application_are_named(settings: dict[str, str], names: tuple[str, ...]) -> None:
    assert fields(settings=settings) == names


def in_manifest(annotations: Json, kind: str = "ConfigMap") -> tuple[str, ...]:
    version = {"Deployment": "apps/v1", "Application": "argoproj.io/v1alpha1"}.get(kind, "v1")
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "annotations": annotations}}
    return unhonoured_in_manifest(Manifest(body))


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({"argocd.argoproj.io/sync-wave": "0", "helm.sh/hook": "crd-install"}, ()),
        ({"argocd.argoproj.io/sync-wave": "-1", "argocd.argoproj.io/hook": "PreSync"}, ()),
        ({"argocd.argoproj.io/hook": "PostSync,PreDelete"}, ()),
        ({"argocd.argoproj.io/sync-options": "Prune=false, Replace=true, Of=tomorrow"}, ("sync option Of=tomorrow",)),
        ({"argocd.argoproj.io/sync-options": "ServerSideApply=false"}, ()),
        ({"argocd.argoproj.io/compare-options": "IgnoreExtraneous"}, ()),
        ({"argocd.argoproj.io/of-tomorrow": "x"}, ("annotation argocd.argoproj.io/of-tomorrow: x",)),
        ({"somebody.else/key": "x"}, ()),
    ],
)
def test_annotations_of_an_object_that_are_not_honoured_are_named(annotations: Json, names: tuple[str, ...]) -> None:
    assert in_manifest(annotations) == names


def test_an_application_among_the_objects_has_annotations_of_its_own() -> None:
    assert in_manifest({"argocd.argoproj.io/refresh": "normal"}, kind="Application") == ()
    assert in_manifest({"argocd.argoproj.io/refresh": "normal"}) != ()


def test_rules_of_a_project_that_are_not_enforced_are_named() -> None:
    spec = {"sourceRepos": ["*"], "roles": [{"name": "a"}], "signatureKeys": [{"keyID": "A"}], "sourceIntegrity": {}}
    assert unhonoured_in_project(AppProject.parse({"spec": spec})) == ("AppProject spec.signatureKeys",)


def test_every_key_of_a_repository_secret_is_honoured_or_has_nothing_to_do() -> None:
    secret = RepositorySecret.parse({"stringData": {"url": "https://r", "enableLfs": "true", "depth": "1"}})
    assert unhonoured_in_repository(secret) == ()


def test_a_fresh_install_of_argo_cd_uses_nothing_that_stops_an_ordinary_application() -> None:
    shipped = {"resource.exclusions": yaml.safe_dump([{"apiGroups": ["", "discovery.k8s.io"], "kinds": ["Endpoints"]}])}
    assert fields(settings=shipped) == ()
