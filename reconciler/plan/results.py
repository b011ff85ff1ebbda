"""Results of single objects, in the words and the shape of Argo CD's `syncResult.resources`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.result import ObjectResult
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.proof import Kept
from reconciler.plan.steps import Step

PHASES = {"Synced": "Running", "SyncFailed": "Failed", "Pruned": "Succeeded", "PruneSkipped": "Succeeded"}
"""Argo CD: `hookPhase` of an object that is no hook, by the status of its result."""


def unchanged(item: ObjectComparison) -> ObjectResult:
    """An object that was equal already, so that no call was made."""
    return ObjectResult(item.key, "keep", ok=True, message=f"{resource_name(item.key)} unchanged")


def failure(key: ObjectKey, why: str) -> ObjectResult:
    return ObjectResult(key, "keep", ok=False, message=why)


def kept_result(item: Kept) -> ObjectResult:
    """An object that is not pruned. Argo CD: `ignored (requires pruning)`, `ignored (no prune)`."""
    return ObjectResult(item.key, "keep", ok=True, message=f"ignored ({item.why})")


def said(step: Step) -> str:
    """What a step that succeeded says of itself, as kubectl would."""
    if step.action == "prune":
        return "pruned"
    name = resource_name(step.key)
    if step.action == "replace":
        return f"{name} replaced"
    return f"{name} created" if step.live is None and step.action == "create" else f"{name} serverside-applied"


def resource_name(key: ObjectKey) -> str:
    """kubectl's name of an object: `deployment.apps/web`."""
    kind = key.kind.lower()
    return f"{kind}.{key.group}/{key.name}" if key.group else f"{kind}/{key.name}"


def result_entries(
    results: Iterable[ObjectResult], versions: dict[ObjectKey, str], presync: Sequence[ObjectKey] = ()
) -> list[JsonObject]:
    """`syncResult.resources` of these results. `versions` by object; `presync` are namespaces created beforehand."""
    return [_entry(item, versions.get(item.key, ""), "PreSync" if item.key in presync else "Sync") for item in results]


def status_of(result: ObjectResult) -> str:
    """Argo CD's result code."""
    if not result.ok:
        return "SyncFailed"
    if result.action == "prune":
        return "Pruned"
    return "PruneSkipped" if result.message.startswith("ignored (") else "Synced"


def _entry(result: ObjectResult, version: str, phase: str) -> JsonObject:
    key, status = result.key, status_of(result)
    entry = {
        "group": key.group,
        "version": version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "status": status,
        "message": result.message,
        "hookPhase": PHASES[status],
        "syncPhase": phase,
    }
    # Argo CD writes these even when they are empty, and nothing else.
    always = ("group", "version", "kind", "namespace", "name")
    return {name: value for name, value in entry.items() if value or name in always}
