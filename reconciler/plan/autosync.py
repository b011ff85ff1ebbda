"""Whether an application is synced without being asked. Argo CD: auto-sync decision, in its order."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.models import words
from reconciler.models.application import Application, Automated
from reconciler.models.keys import ObjectKey, Revision
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Condition
from reconciler.models.operation import OperationState
from reconciler.models.source import ApplicationSource
from reconciler.plan import selfheal
from reconciler.plan.compare import Comparison

DEFAULT_RETRY = {"limit": 5}
NOTHING_KEPT: AbstractSet[ObjectKey] = frozenset()


@dataclass(frozen=True, slots=True)
class StartSync:
    """Start this operation now; JSON in the shape of `.operation`."""

    operation: JsonObject
    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A sync is wanted, but not before `due_s` seconds from now."""

    why: str
    due_s: float


@dataclass(frozen=True, slots=True)
class Nothing:
    """No sync; `condition` where people have to be told."""

    why: str
    condition: Condition | None = None


Decision = StartSync | Wait | Nothing


def auto_sync(
    app: Application,
    comparison: Comparison,
    revisions: tuple[Revision, ...],
    *,
    now: datetime,
    kept: AbstractSet[ObjectKey] = NOTHING_KEPT,
) -> Decision:
    """Decides on a comparison made at `revisions`. `kept` are extra objects that would not be pruned in any case."""
    automated = app.spec.automated
    if automated is None:
        return Nothing("automated sync is off")
    refusal = _not_now(app, comparison) or _only_pruning_is_left(automated, comparison, kept)
    if refusal:
        return Nothing(refusal)
    last = app.status.operation_state
    if last is None or not attempted(app, last, revisions):
        return _guarded(automated, comparison, operation_for(app, revisions))
    return _again(app, comparison, revisions, last=last, now=now)


def attempted(app: Application, last: OperationState, revisions: tuple[Revision, ...]) -> bool:
    """Whether the last operation already tried these revisions of these sources.

    Argo CD: without a syncResult, attempted means that the operation is over.
    """
    result = last.sync_result
    if result is None:
        return last.is_completed
    tried = result.sources or ((result.source,) if result.source else ())
    return (result.revisions or (result.revision,)) == tuple(revisions) and same_sources(tried, app.spec.all_sources)


def same_sources(some: tuple[ApplicationSource, ...], others: tuple[ApplicationSource, ...]) -> bool:
    """Equal but for fields that are spelled out at their zero value."""
    return [_bare(source.to_json()) for source in some] == [_bare(source.to_json()) for source in others]


def operation_for(app: Application, revisions: tuple[Revision, ...]) -> JsonObject:
    """The automated operation: revision pinned, source and options copied from the spec."""
    policy = app.spec.sync_policy
    sync: JsonObject = {"prune": True} if policy and policy.automated and policy.automated.prune else {}
    if app.spec.sources:
        sync |= {"sources": [source.to_json() for source in app.spec.sources], "revisions": list(revisions)}
    elif app.spec.source:
        sync |= {"source": app.spec.source.to_json(), "revision": revisions[0]}
    if policy and policy.sync_options:
        sync["syncOptions"] = list(policy.sync_options)
    retry = policy.retry.to_json() if policy and policy.retry else DEFAULT_RETRY
    return {"initiatedBy": {"automated": True}, "retry": retry, "sync": sync}


def _not_now(app: Application, comparison: Comparison) -> str | None:
    if app.operation is not None:
        return "another operation is in progress"
    if app.is_deleting:
        return "deletion in progress"
    if comparison.sync != "OutOfSync":
        return f"application status is {comparison.sync}"
    return None


def _only_pruning_is_left(automated: Automated, comparison: Comparison, kept: AbstractSet[ObjectKey]) -> str | None:
    """Argo CD asks this with `prune` off; here also where pruning would leave them alone, or heals would never end."""
    open_objects = [item for item in comparison.objects if item.sync is not None and item.sync != "Synced"]
    if not all(item.requires_pruning for item in open_objects):
        return None
    if not automated.prune:
        return "need to prune extra resources only but automated prune is disabled"
    if open_objects and all(item.key in kept for item in open_objects):
        return "only objects are left that may not be pruned"
    return None


def _again(
    app: Application,
    comparison: Comparison,
    revisions: tuple[Revision, ...],
    *,
    last: OperationState,
    now: datetime,
) -> Decision:
    """The same revision once more: never after a failure, else only to heal."""
    automated, tried = app.spec.automated, ",".join(revisions)
    assert automated is not None
    if last.phase != words.SUCCEEDED:
        message = f"Failed last sync attempt to [{tried}]: {last.message}"
        return Nothing(message, Condition(words.SYNC_ERROR, message))
    if not automated.self_heal:
        return Nothing(f"most recent sync already to {tried}")
    remaining_s = selfheal.remaining_s(last, now=now)
    if remaining_s > 0:
        return Wait(f"self-heal attempt {selfheal.attempts(last) + 1} backs off", remaining_s)
    operation = operation_for(app, revisions)
    operation["sync"]["autoHealAttemptsCount"] = selfheal.attempts(last) + 1
    operation["sync"]["resources"] = selfheal.resources(comparison)
    return _guarded(automated, comparison, operation)


def _guarded(automated: Automated, comparison: Comparison, operation: JsonObject) -> Decision:
    """Argo CD: `prune` without `allowEmpty` never removes everything."""
    counted = [item for item in comparison.objects if item.sync is not None]
    if automated.prune and not automated.allow_empty and all(item.requires_pruning for item in counted):
        sync = operation["sync"]
        revisions = sync.get("revisions") or [sync.get("revision", "")]
        message = f"Skipping sync attempt to [{' '.join(revisions)}]: auto-sync will wipe out all resources"
        return Nothing(message, Condition(words.SYNC_ERROR, message))
    healing = operation["sync"].get("autoHealAttemptsCount")
    return StartSync(operation, f"self-heal, attempt {healing}" if healing else "automated sync to a new revision")


def _bare(value: Any) -> Any:
    """The same without fields at their zero value, all the way down."""
    if isinstance(value, dict):
        items = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item}
    return [_bare(item) for item in value] if isinstance(value, list) else value
