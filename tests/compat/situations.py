"""Whole passes decided from values alone: what an Application asks for, and what its plan makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.models.application import Application
from reconciler.models.keys import GroupKind, Revision
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Desired, Observed, Reading, ServedKind, Surface
from reconciler.models.project import AppProject
from reconciler.models.source import Destination
from reconciler.plan.build import build_plan
from reconciler.plan.lens import PLAIN, Lens
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.proof import Claim
from reconciler.plan.steps import Plan, Policy

Json = dict[str, Any]
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BEFORE, AFTER = "2026-05-04T11:00:00Z", "2026-05-04T12:00:00Z"
COMMIT = Revision("1" * 40)
MANAGER = "argocd-controller"
SOURCE: Json = {"repoURL": "https://git.example/fleet.git", "path": "shop", "targetRevision": "main"}
TRACKING = "argocd.argoproj.io/tracking-id"
OF_CONFIG_MAPS = ServedKind(("v1",), "configmaps", namespaced=True, verbs=frozenset({"get", "list", "patch"}))
SURFACE = Surface("1.34", {GroupKind("", "ConfigMap"): OF_CONFIG_MAPS})


def app(
    *, annotations: Json | None = None, metadata: Json | None = None, spec: Json | None = None, **rest: Any
) -> Application:
    """An Application named shop; `rest` are `operation` and `status`."""
    return Application.parse(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": "shop",
                "namespace": "argocd",
                "uid": "u-1",
                "annotations": annotations or {},
                **(metadata or {}),
            },
            "spec": {"source": SOURCE, "destination": {"server": "https://one", "namespace": "shop"}, **(spec or {})},
            **rest,
        }
    )


def automated(**policy: Any) -> Json:
    """A spec whose sync is automated."""
    return {"syncPolicy": {"automated": policy}}


def manifest(name: str, **annotations: str) -> Manifest:
    """A ConfigMap that carries the mark of the application shop."""
    marks = {TRACKING: f"shop:/ConfigMap:shop/{name}", **annotations}
    metadata = {"name": name, "namespace": "shop", "annotations": marks}
    return Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}})


def live(name: str, annotations: Json | None = None, *, terminating: bool = False) -> LiveObject:
    """The same object as the server holds it, its mark written by us."""
    body = manifest(name, **(annotations or {})).body
    owned: Json = {"f:metadata": {"f:annotations": {f"f:{TRACKING}": {}}}}
    metadata = {
        **body["metadata"],
        "uid": f"uid-{name}",
        "resourceVersion": "7",
        "managedFields": [{"manager": MANAGER, "operation": "Apply", "fieldsV1": owned}],
        **({"deletionTimestamp": BEFORE} if terminating else {}),
    }
    return LiveObject({**body, "metadata": metadata})


def changed(name: str, *, field: str = "x") -> Reading:
    """An object whose live `data` lacks what applying it would give."""
    there = live(name)
    fields: Json = {"f:metadata": {"f:annotations": {f"f:{TRACKING}": {}}}, "f:data": {"f:a": {}, f"f:{field}": {}}}
    metadata = {**there.metadata, "managedFields": [{"manager": MANAGER, "operation": "Apply", "fieldsV1": fields}]}
    predicted = {**there.body, "metadata": metadata, "data": {**there.body["data"], field: "new"}}
    return Reading("server", there, predicted)


def project(**spec: Any) -> ProjectRules:
    """A project that permits everything but what `spec` says otherwise."""
    free = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    return ProjectRules.of(
        AppProject.parse({"metadata": {"name": "default", "namespace": "argocd"}, "spec": free | spec})
    )


def policy(subject: Application, rules: ProjectRules | None = None) -> Policy:
    """Everything may be written."""
    wanted = subject.spec.destination
    destination = Destination(server=wanted.server, name=wanted.name or "one", namespace=wanted.namespace)
    return Policy(True, MANAGER, "argocd", "shop", rules or project(), destination, may_record=True)


def claim(subject: Application) -> Claim:
    own = policy(subject)
    return Claim(subject.key, own.instance, frozenset({MANAGER}), own.project, own.destination)


def observed(readings: dict[Manifest, Reading] | None = None, extra: Sequence[LiveObject] = ()) -> Observed:
    return Observed(
        {item.key: reading for item, reading in (readings or {}).items()}, {item.key: item for item in extra}
    )


def plan(
    subject: Application,
    wanted: Sequence[Manifest] = (),
    extra: Sequence[LiveObject] = (),
    *,
    readings: dict[str, Reading] | None = None,
    rules: ProjectRules | None = None,
    lens: Lens = PLAIN,
    hooks: Sequence[Manifest] = (),
    there: Sequence[LiveObject] = (),
) -> Plan:
    """One pass over objects that are wanted (absent unless `readings` says otherwise) and objects that are there.

    `there` are live hooks.
    """
    found = {item.key: (readings or {}).get(item.key.name, Reading("absent")) for item in wanted}
    alive = {item.key: item for item in there}
    seen = Observed(found, {item.key: item for item in extra}, namespaces_missing=frozenset({"shop"}), hooks=alive)
    desired = Desired(tuple(wanted), (COMMIT,), ("Directory",), hooks=tuple(hooks))
    return build_plan(subject, desired, seen, replace(policy(subject, rules), lens=lens), now=NOW)


def operation(**sync: Any) -> Json:
    """What a person asks for."""
    return {"sync": {"revision": COMMIT, **sync}, "initiatedBy": {"username": "admin"}}


def last(phase: str = "Succeeded", **sync: Any) -> Json:
    """A status whose last operation tried the present commit."""
    state = {
        "operation": {"sync": {"revision": COMMIT, **sync}},
        "phase": phase,
        "startedAt": BEFORE,
        "finishedAt": "2026-05-04T11:59:59Z",
        "syncResult": {"revision": COMMIT, "source": SOURCE},
    }
    return {"operationState": state}


def actions(decided: Plan) -> list[tuple[str, str]]:
    """What the plan would write: (action, name)."""
    return [(step.action, step.key.name) for step in decided.steps]
