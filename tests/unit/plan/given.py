"""Builders for tests of decisions: each names only what matters to the test."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey, Revision
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Health, Observed, Reading
from reconciler.models.project import AppProject
from reconciler.models.result import ObjectResult
from reconciler.models.source import Destination
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.steps import Plan, Policy
from reconciler.plan.times import rfc3339
from reconciler.plan.tracking import stamped

NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
REPO = "https://git.example/fleet.git"
SERVER = "https://one.example"
C1, C2 = "1" * 40, "2" * 40
SOURCE = {"repoURL": REPO, "path": "guestbook", "targetRevision": "main"}


def at(seconds: float) -> str:
    """RFC 3339 text of so many seconds after noon."""
    return rfc3339(NOON + timedelta(seconds=seconds))


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def an_app(
    *,
    automated: JsonObject | None = None,
    policy: JsonObject | None = None,
    spec: JsonObject | None = None,
    metadata: JsonObject | None = None,
    **rest: Any,
) -> Application:
    """An Application named guestbook; `rest` are `operation` and `status`."""
    sync_policy = {**({"automated": automated} if automated is not None else {}), **(policy or {})}
    body: JsonObject = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "guestbook", "namespace": "argocd", "uid": "u-1", **(metadata or {})},
        "spec": {
            "project": "default",
            "source": SOURCE,
            "destination": {"server": SERVER, "namespace": "shop"},
            **({"syncPolicy": sync_policy} if sync_policy else {}),
            **(spec or {}),
        },
        **rest,
    }
    return Application.parse(body)


def rules(*, metadata: JsonObject | None = None, **spec: Any) -> ProjectRules:
    """A project that permits everything but what `spec` says otherwise, in Python's names."""
    free = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "name": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    named = metadata or {"name": "default", "namespace": "argocd"}
    return ProjectRules.of(AppProject.parse({"kind": "AppProject", "metadata": named, "spec": {**free, **spec}}))


def finished(phase: str = "Succeeded", *, revision: str = C1, at_s: float = 0, **sync: Any) -> JsonObject:
    """An operationState that is over; `sync` are further fields of `operation.sync`."""
    return {
        "operation": {"sync": {"revision": revision, **sync}, "initiatedBy": {"automated": True}},
        "phase": phase,
        "message": "as it went",
        "startedAt": at(at_s - 1),
        "finishedAt": at(at_s),
        "syncResult": {"revision": revision, "source": SOURCE},
    }


def a_map(name: str = "web", **data: str) -> Manifest:
    """A ConfigMap in namespace shop, marked as guestbook's."""
    return stamped(
        Manifest(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "shop"},
                "data": {"colour": "blue", **data},
            }
        ),
        "guestbook",
        "shop",
    )


def live(manifest: Manifest, *, manager: str = "argocd-controller", **metadata: Any) -> LiveObject:
    """The object as an API server would return it; `metadata` adds to it or replaces."""
    fields: JsonObject = {"f:metadata": {"f:annotations": {"f:argocd.argoproj.io/tracking-id": {}}}, "f:data": {}}
    known = {
        "uid": f"uid-{manifest.key.name}",
        "resourceVersion": "7",
        "managedFields": [{"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}],
    }
    return LiveObject({**manifest.body, "metadata": {**manifest.metadata, **known, **metadata}})


def annotated(found: LiveObject, **annotations: str) -> LiveObject:
    """The object with more annotations of Argo CD's prefix: `sync_options="Prune=false"`."""
    added = {f"argocd.argoproj.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    metadata = {**found.metadata, "annotations": {**found.annotations, **added}}
    return LiveObject({**found.body, "metadata": metadata})


Seen = tuple[ObjectKey, Reading]


def equal(manifest: Manifest) -> Seen:
    return manifest.key, Reading("record", health=Health("Healthy"))


def missing(manifest: Manifest) -> Seen:
    return manifest.key, Reading("absent")


def drifted(manifest: Manifest) -> Seen:
    """Live says red where blue is wanted."""
    found = live(manifest)
    red = LiveObject({**found.body, "data": {**found.body["data"], "colour": "red"}})
    return manifest.key, Reading("server", live=red, predicted=found.body)


def wants(*manifests: Manifest, revision: str = C1, conditions: tuple[Condition, ...] = ()) -> Desired:
    return Desired(manifests, (Revision(revision),), ("Directory",), conditions)


def sees(*items: Seen | LiveObject, **more: Any) -> Observed:
    """What was read: desired objects with their readings, extra live objects, then further fields of Observed."""
    readings = dict(item for item in items if isinstance(item, tuple))
    extra = {item.key: item for item in items if isinstance(item, LiveObject)}
    return Observed(readings, extra, **more)


HERE = Destination(server=SERVER, name="one", namespace="shop")


def a_policy(**more: Any) -> Policy:
    known: dict[str, Any] = {
        "may_write": True,
        "may_record": True,
        "manager": "argocd-controller",
        "control_namespace": "argocd",
        "instance": "guestbook",
        "project": rules(),
        "destination": HERE,
    }
    return Policy(**{**known, **more})


def done(plan: Plan, *, but: Mapping[str, str] | None = None, first: int | None = None) -> list[ObjectResult]:
    """Results of the plan's steps: all good but those named, and only the first so many."""
    failures = but or {}
    return [
        ObjectResult(
            step.key,
            step.action,
            step.key.name not in failures,
            failures.get(step.key.name, "as said"),
            step.differences,
        )
        for step in plan.steps[:first]
    ]


def patched(app: Application, patch: list[JsonObject]) -> Application:
    """The Application after a JSON patch of the kind we write; a failed test raises AssertionError."""
    body = copy.deepcopy(app.raw)
    for change in patch:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in change["path"].split("/")[1:]]
        node = body
        for step in parents:
            node = node[step]
        if change["op"] == "test":
            assert node.get(last) == change["value"], change["path"]
        elif change["op"] == "remove":
            del node[last]
        else:
            node[last] = change["value"]
    return Application.parse(body)
