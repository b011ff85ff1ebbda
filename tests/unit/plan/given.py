"""Builders for tests of decisions: each names only what matters to the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.project import AppProject
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.times import rfc3339

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


def rules(**spec: Any) -> ProjectRules:
    """A project that permits everything but what `spec` says otherwise, in Python's names."""
    free = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "name": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    metadata = {"name": "default", "namespace": "argocd"}
    return ProjectRules.of(AppProject.parse({"kind": "AppProject", "metadata": metadata, "spec": {**free, **spec}}))


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
