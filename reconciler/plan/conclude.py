"""What an operation has come to after a pass: its state, and its entry in the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.operation import SyncOperation
from reconciler.models.result import ObjectResult, Phase
from reconciler.plan.operation import End, Hold, ended, failed, running
from reconciler.plan.results import step_entries, sync_result
from reconciler.plan.sequence import ALL_RUN, APPLY_FAILED, NO_MORE_TASKS
from reconciler.plan.steps import Plan
from reconciler.plan.tasks import recorded_results, result_key


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
        return _closed(app, plan, state, results or (), now=now)
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
    course, entries = plan.course, state["syncResult"]["resources"]
    left = len(plan.steps) - len(results)
    if left:
        # The count makes each step's state another one, so that a patch can test which it continues.
        return running(state, f"one or more tasks are running ({len(entries)} objects done, {left} left)")
    refused = [item.message for item in results if not item.ok]
    if course.ending is not None:
        return _ended_as(course.ending, state, refused, now=now)
    reasons = [item.get("message", "") for item in entries if item.get("status") == "SyncFailed"]
    if reasons and course.ends_badly:
        return failed(state, f"{APPLY_FAILED}, reason: {','.join(reasons)}", now=now)
    if course.is_last and not reasons:
        return ended(state, "Succeeded", ALL_RUN if entries else NO_MORE_TASKS, now=now)
    return running(state, course.message or str(state.get("message") or ""))


def _ended_as(ending: tuple[Phase, str], state: JsonObject, refused: Sequence[str], *, now: datetime) -> JsonObject:
    """The end that was decided, unless a hook could not be let go or deleted."""
    phase, message = ending
    if refused:
        return failed(state, f"hooks could not be cleaned up: {','.join(refused)}", phase="Error", now=now)
    if phase == words.SUCCEEDED:
        return ended(state, phase, message, now=now)
    return failed(state, message, phase=phase, now=now)


def _closed(
    app: Application, plan: Plan, state: JsonObject, results: Sequence[ObjectResult], *, now: datetime
) -> JsonObject | None:
    """The end of an operation that somebody terminated: once its running hooks are gone."""
    if len(results) < len(plan.steps):
        return None
    # This pass rendered what the spec asks for, so it has nothing to say about what the operation did.
    whole = {**state, "syncResult": state.get("syncResult") or sync_result(app, state, [], ())}
    refused = [item.message for item in results if not item.ok]
    if not refused:
        return whole
    return ended(whole, "Error", f"Operation termination had errors: {','.join(refused)}", now=now)


def _sync_result(app: Application, plan: Plan, state: JsonObject, results: Sequence[ObjectResult]) -> JsonObject:
    entries = dict(recorded_results(state))
    told = step_entries(plan.steps, results, settled=plan.course.settles)
    entries |= {result_key(entry): entry for entry in told}
    revisions = plan.desired.revisions if plan.desired else ()
    return sync_result(app, state, list(entries.values()), revisions)
