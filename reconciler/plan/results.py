"""Results of single objects, in the words and the shape of Argo CD's `syncResult.resources`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.models.result import ObjectResult
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.proof import Kept
from reconciler.plan.steps import Step
from reconciler.plan.tasks import Recorded, Task

PHASES = {"Synced": "Running", "SyncFailed": "Failed", "Pruned": "Succeeded", "PruneSkipped": "Succeeded"}
"""Argo CD: `hookPhase` of an object that is no hook, by the status of its result."""

NAMING: Final = frozenset({"group", "version", "kind", "namespace", "name"})
NOTHING: Final = Manifest({})


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
    if step.is_hook:
        return f"{step.key.name} created"
    return f"{name} created" if step.live is None and step.action == "create" else f"{name} serverside-applied"


def resource_name(key: ObjectKey) -> str:
    """kubectl's name of an object: `deployment.apps/web`."""
    kind = key.kind.lower()
    return f"{kind}.{key.group}/{key.name}" if key.group else f"{kind}/{key.name}"


def status_of(result: ObjectResult) -> str:
    """Argo CD's result code."""
    if not result.ok:
        return "SyncFailed"
    if result.action == "prune":
        return "Pruned"
    return "PruneSkipped" if result.message.startswith("ignored (") else "Synced"


def step_entries(steps: Sequence[Step], results: Iterable[ObjectResult], *, settled: bool = False) -> list[JsonObject]:
    """`syncResult.resources` of the steps that were tried. Taking leave of a hook is no result of its own, unless it
    failed: then the hook cannot run. `settled`: what succeeded is done with.
    """
    by_key = {step.key: step for step in steps}
    told = [(by_key[item.key], item) for item in results if item.key in by_key]
    return [_step_entry(step, item, settled) for step, item in told if _is_result(step, item)]


def task_entry(task: Task, known: JsonObject | None) -> JsonObject:
    """The entry of a task of which something is recorded; as it was but for what has changed."""
    told = task.recorded
    if known is not None:
        return bare({**known, "status": told.status, "hookPhase": told.state, "message": told.message})
    version = (task.manifest or task.live or NOTHING).version
    return _entry(task.key, version, told, (task.phase, task.is_hook))


def sync_result(app: Application, state: JsonObject, entries: list[JsonObject], resolved: Sequence[str]) -> JsonObject:
    """`syncResult`: revisions and sources of an attempt; what was not resolved stands as it was asked for."""
    sync = state["operation"].get("sync") or {}
    revisions = list(resolved)
    if sync.get("sources") or (not sync.get("source") and app.spec.sources):
        sources = sync.get("sources") or [source.to_json() for source in app.spec.sources]
        return {"resources": entries, "revisions": revisions or sync.get("revisions") or [], "sources": sources}
    source = sync.get("source") or (app.spec.source.to_json() if app.spec.source else {})
    revision = revisions[0] if revisions else sync.get("revision", "")
    return {"resources": entries, "revision": revision, "source": source}


def recorded_of(result: ObjectResult, *, settled: bool = False) -> Recorded:
    status = status_of(result)
    state = "Succeeded" if settled and status == "Synced" else PHASES[status]
    return Recorded(status, state, result.message)


def bare(entry: JsonObject) -> JsonObject:
    """Argo CD writes what names the object even when it is empty, and nothing else that is."""
    return {name: value for name, value in entry.items() if value or name in NAMING}


def _is_result(step: Step, result: ObjectResult) -> bool:
    return step.action not in ("release", "clean") or (step.action == "clean" and not result.ok)


def _step_entry(step: Step, result: ObjectResult, settled: bool) -> JsonObject:
    told = result if not result.ok else replace(result, message=said(step))
    version = (step.manifest or step.live or NOTHING).version
    return _entry(step.key, version, recorded_of(told, settled=settled), (step.phase, step.is_hook))


def _entry(key: ObjectKey, version: str, told: Recorded, place: tuple[str, bool]) -> JsonObject:
    phase, is_hook = place
    entry = {
        "group": key.group,
        "version": version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "status": told.status,
        "message": told.message,
        "hookType": phase if is_hook else "",
        "hookPhase": told.state,
        "syncPhase": phase,
    }
    return bare(entry)
