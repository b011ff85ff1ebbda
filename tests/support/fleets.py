"""What judged fleets are made of: objects without a generation yet, and the Applications that deploy them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.models.manifest import JsonObject
from reconciler.sandbox import control
from tests.support.history import GENERATION

KINDS = ("ConfigMap",) * 6 + ("Service",) * 2 + ("ServiceAccount",) * 2
FLEET: Mapping[str, str] = {"app-0": "east", "app-1": "east", "app-2": "east", "app-3": "west", "app-4": "west"}
"""Destination by application."""


def a_manifest(app: str, kind: str, number: int) -> JsonObject:
    """One object of a fleet, without its generation."""
    body: JsonObject = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": f"{kind.lower()}-{number}", "namespace": app},
    }
    if kind == "Service":
        body["spec"] = {"clusterIP": "None", "selector": {"app": app}, "ports": [{"port": 80}]}
    return body


def manifests_of(app: str, kinds: Sequence[str] = KINDS) -> dict[str, JsonObject]:
    """An application's files."""
    return {f"{app}/{number}.json": a_manifest(app, kind, number) for number, kind in enumerate(kinds)}


def an_application(app: str, repo_url: str, place: str) -> JsonObject:
    """An Application with everything automated, whose deletion takes its objects along."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": app,
            "namespace": control.NAMESPACE,
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": repo_url, "path": app, "targetRevision": "main"},
            "destination": {"name": place, "namespace": app},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    }


def stamped(body: JsonObject, number: int) -> JsonObject:
    """The manifest as this commit has it."""
    return {**body, "metadata": {**body["metadata"], "annotations": {GENERATION: str(number)}}}
