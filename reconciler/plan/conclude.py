"""What an operation has come to after a pass: its state, and its entry in the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.operation import SyncOperation
from reconciler.models.result import ObjectResult
from reconciler.plan.operation import End, Hold, ended, failed, running
from reconciler.plan.results import result_entries, said
from reconciler.plan.steps import Plan
from reconciler.plan.work import ALL_RUN

NO_MORE_TASKS = "successfully synced (no more tasks)"
APPLY_FAILED = "one or more objects failed to apply"


def concluded(
    app: Application, plan: Plan, results: Sequence[ObjectResult] | None, *, now: datetime
) -> JsonObject | None:
    """The operationState after this pass; None where it stays as it was.

    `results` None means that no step was tried: a sync that nobody asked for is then as if it had not been decided.
    """
    state = plan.operation_state
    if state is None or isinstance(plan.decision, Hold) or (results is None and plan.steps):
        return None
    if isinstance(plan.decision, End):
        # This pass rendered what the spec asks for, so it has nothing to say about what the operation did.
        return {**state, "syncResult": state.get("syncResult") or _identity(app, state, ())}
    state = {**state, "syncResult": _sync_result(app, plan, state, results or ())}
    return state if _is_settled(plan, state) else _finish(plan, state, results or (), now=now)


def ended_now(app: Application, plan: Plan, after: JsonObject) -> JsonObject | None:
    """The operationState of the operation that came to its end in this pass; None where it ended none."""
    state: JsonObject = after.get("operationState") or {}
    status = app.raw.get("status") if app.raw else app.status.to_json()
    # The whole of it: two operations may begin and end within one second, and times tell no more than seconds.
    same = state == ((status or {}).get("operationState") or {})
    if plan.operation_state is None or same or state.get("phase") not in words.COMPLETED:
        return None
    return state


def history(app: Application, before: Sequence[JsonObject], state: JsonObject) -> list[JsonObject]:
    """The history after an operation ended. Argo CD: only a whole, real and successful sync enters it."""
    sync = SyncOperation.model_validate(state["operation"].get("sync") or {})
    limit = app.spec.revision_history_limit
    if state["phase"] != words.SUCCEEDED or sync.dry_run or sync.resources:
        return list(before)
    result = state["syncResult"]
    entry: JsonObject = {
        "id": max((int(item.get("id") or 0) for item in before), default=-1) + 1,
        **{name: result[name] for name in ("revision", "revisions", "source", "sources") if result.get(name)},
        "deployStartedAt": state["startedAt"],
        "deployedAt": state["finishedAt"],
        "initiatedBy": state["operation"].get("initiatedBy") or {},
    }
    return [*before, entry][-limit:] if limit > 0 else []


def _is_settled(plan: Plan, state: JsonObject) -> bool:
    """Whether the plan itself has decided the phase: over, waiting for its next attempt, or for an approval."""
    return plan.waits or state["phase"] in words.COMPLETED or bool(state.get("finishedAt"))


def _finish(plan: Plan, state: JsonObject, results: Sequence[ObjectResult], *, now: datetime) -> JsonObject:
    tried = {item.key for item in results}
    left = sum(1 for step in plan.steps if step.key not in tried)
    entries = state["syncResult"]["resources"]
    if left:
        # The count makes each step's state another one, so that a patch can test which it continues.
        message = f"one or more tasks are running ({len(entries)} objects done, {left} left)"
        return running(state, message)
    reasons = [item.get("message", "") for item in entries if item.get("status") == "SyncFailed"]
    if reasons:
        return failed(state, f"{APPLY_FAILED}, reason: {','.join(reasons)}", now=now)
    return ended(state, "Succeeded", ALL_RUN if entries else NO_MORE_TASKS, now=now)


def _sync_result(app: Application, plan: Plan, state: JsonObject, results: Sequence[ObjectResult]) -> JsonObject:
    earlier = state.get("syncResult") or {}
    versions = {item.key: item.version for item in plan.comparison.objects}
    created = [step.key for step in plan.steps if step.reason == "CreateNamespace=true"]
    versions |= dict.fromkeys(created, "v1")
    entries = {_key(item): item for item in earlier.get("resources") or ()}
    told = (*_in_argo_words(plan, results), *plan.known)
    entries |= {_key(item): item for item in result_entries(told, versions, created)}
    revisions = plan.desired.revisions if plan.desired else ()
    return {"resources": list(entries.values()), **_identity(app, state, revisions)}


def _in_argo_words(plan: Plan, results: Sequence[ObjectResult]) -> list[ObjectResult]:
    steps = {step.key: step for step in plan.steps}
    known = [(item, steps.get(item.key)) for item in results]
    return [replace(item, message=said(step)) if item.ok and step else item for item, step in known]


def _identity(app: Application, state: JsonObject, resolved: Sequence[str]) -> JsonObject:
    """Revisions and sources of an attempt; what was not resolved stands as it was asked for."""
    sync = state["operation"].get("sync") or {}
    revisions = list(resolved)
    if sync.get("sources") or (not sync.get("source") and app.spec.sources):
        sources = sync.get("sources") or [source.to_json() for source in app.spec.sources]
        return {"revisions": revisions or sync.get("revisions") or [], "sources": sources}
    source = sync.get("source") or (app.spec.source.to_json() if app.spec.source else {})
    return {"revision": revisions[0] if revisions else sync.get("revision", ""), "source": source}


def _key(entry: JsonObject) -> ObjectKey:
    return ObjectKey(entry.get("group", ""), entry.get("kind", ""), entry.get("namespace", ""), entry.get("name", ""))
