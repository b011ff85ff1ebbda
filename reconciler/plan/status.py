"""`status` after a pass, exactly in Argo CD's shape, and the patch that writes no more than what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Condition, Health
from reconciler.models.operation import OperationState
from reconciler.models.result import ObjectResult
from reconciler.plan import selfheal
from reconciler.plan.autosync import attempted
from reconciler.plan.compare import Comparison
from reconciler.plan.conclude import concluded, history
from reconciler.plan.conditions import OF_COMPARISON, OF_DELETION, OF_SPEC, OF_SYNC, replaced
from reconciler.plan.inventory import resources, summary
from reconciler.plan.operation import retry_due_s
from reconciler.plan.steps import Plan
from reconciler.plan.times import rfc3339


def next_status(
    app: Application,
    plan: Plan,
    results: Sequence[ObjectResult] | None,
    comparison_after: Comparison | None,
    *,
    now: datetime,
) -> JsonObject:
    """The whole status after a pass; the very same as before when nothing changed.

    `results` has one entry per step that was tried, None when none was; a step without a result is unfinished.
    `comparison_after` is `judge()` on what is there after the writes; None means that nothing was written.
    """
    before = status_before(app)
    comparison = comparison_after or plan.comparison
    state = concluded(app, plan, results, now=now)
    after = {**before, **_operation_part(app, before, state)}
    if plan.compares_spec:
        after |= _verdict_part(app, plan, comparison, before, now=now)
        after.pop("resourceHealthSource", None)
    after["conditions"] = _conditions(app, plan, comparison, state, now=now)
    return _settled(before, after, now=now)


def status_before(app: Application) -> JsonObject:
    """The status as it was read."""
    status: JsonObject = app.raw.get("status") or {}
    return status if app.raw else app.status.to_json()


def deletion_status(app: Application, condition: Condition | None, *, now: datetime) -> JsonObject:
    """The status of an Application that is being deleted, with or without an obstacle."""
    before = status_before(app)
    found = (condition,) if condition else ()
    conditions = replaced(before.get("conditions") or (), OF_DELETION, found, now=now)
    return _settled(before, {**before, "conditions": conditions}, now=now)


def due_after(app: Application, plan: Plan, after: JsonObject, *, now: datetime) -> tuple[float | None, str]:
    """When the application is due again without an event, in seconds, and why; None: at its full check."""
    state = _state_after(app, after)
    if plan.operation_state is not None and state is not None and state.phase == words.RUNNING:
        if state.waits_for_retry:
            return retry_due_s(state.to_json(), now=now), f"attempt {state.retry_count} of the operation"
        return (plan.next_due_s, plan.why) if plan.waits else (0.0, "the operation goes on")
    if not plan.compares_spec:
        return 0.0, "the operation had its own revision: the spec is compared next"
    heal_s = _heal_due_s(app, after, state, now=now) if plan.operation_state is not None else None
    return (heal_s, "self-heal backs off") if heal_s is not None else (plan.next_due_s, plan.why)


def _operation_part(app: Application, before: JsonObject, state: JsonObject | None) -> JsonObject:
    if state is None:
        return {}
    if state["phase"] not in words.COMPLETED:
        return {"operationState": state}
    return {"operationState": state, "history": history(app, before.get("history") or (), state)}


def _verdict_part(
    app: Application, plan: Plan, comparison: Comparison, before: JsonObject, *, now: datetime
) -> JsonObject:
    """Sync, health, inventory. Where nothing was compared, all but the verdict stays as it was last known."""
    shown = before.get("sync") or {}
    if plan.desired is None or not _is_definite(comparison):
        verdict = {"sync": {**shown, "status": comparison.sync}, "controllerNamespace": plan.policy.control_namespace}
        health = Health("Unknown") if _is_invalid(comparison) or not before.get("health") else None
        return {**verdict, **({"health": _health(health, before, now=now)} if health else {})}
    types = plan.desired.source_types
    return {
        "sync": _sync(app, plan, comparison),
        "health": _health(comparison.health, before, now=now),
        "resources": resources(comparison, before.get("resources") or ()),
        "summary": summary(comparison),
        "controllerNamespace": plan.policy.control_namespace,
        **({"sourceTypes": list(types)} if app.spec.sources else {"sourceType": types[0]} if types else {}),
    }


def _is_definite(comparison: Comparison) -> bool:
    """Whether objects were compared at all, be it with gaps; an application without any object is Synced."""
    return bool(comparison.objects) or comparison.sync != "Unknown"


def _is_invalid(comparison: Comparison) -> bool:
    return not comparison.objects and any(item.type in OF_SPEC for item in comparison.conditions)


def _sync(app: Application, plan: Plan, comparison: Comparison) -> JsonObject:
    spec, revisions = app.spec, plan.desired.revisions if plan.desired else ()
    compared: JsonObject = {"destination": spec.destination.to_json()}
    if spec.sources:
        compared["sources"] = [source.to_json() for source in spec.sources]
    elif spec.source:
        compared["source"] = spec.source.to_json()
    if spec.ignore_differences:
        compared["ignoreDifferences"] = [rule.to_json() for rule in spec.ignore_differences]
    pins = {"revisions": list(revisions)} if spec.sources else {"revision": revisions[0]} if revisions else {}
    return {"status": comparison.sync, "comparedTo": compared, **pins}


def _health(health: Health, before: JsonObject, *, now: datetime) -> JsonObject:
    """Argo CD: the time moves with the word, not with the message."""
    old = before.get("health") or {}
    since = old.get("lastTransitionTime") if old.get("status") == health.status else None
    message = {"message": health.message} if health.message else {}
    return {"status": health.status, **message, "lastTransitionTime": since or rfc3339(now)}


def _conditions(
    app: Application, plan: Plan, comparison: Comparison, state: JsonObject | None, *, now: datetime
) -> list[JsonObject]:
    if not plan.compares_spec:
        evaluated: frozenset[str] = OF_SYNC
    else:
        evaluated = OF_SPEC if _is_invalid(comparison) else OF_SPEC | OF_COMPARISON | OF_SYNC
    found = [*comparison.conditions, *plan.conditions, *_sync_error(app, plan, comparison, state)]
    return replaced(status_before(app).get("conditions") or (), evaluated, found, now=now)


def _sync_error(
    app: Application, plan: Plan, comparison: Comparison, state: JsonObject | None
) -> tuple[Condition, ...]:
    """The words with which the next pass would refuse to try again, said at once."""
    if state is None or plan.desired is None or app.spec.automated is None:
        return ()
    last = OperationState.model_validate(state)
    failed = last.is_completed and last.phase != words.SUCCEEDED and comparison.sync == "OutOfSync"
    if not failed or not attempted(app, last, plan.desired.revisions):
        return ()
    message = f"Failed last sync attempt to [{','.join(plan.desired.revisions)}]: {last.message}"
    return (Condition(words.SYNC_ERROR, message),)


def _state_after(app: Application, after: JsonObject) -> OperationState | None:
    """The operation state of a status; what was read may hold nulls that only the reader of Applications forgives."""
    state = after.get("operationState")
    if state == status_before(app).get("operationState"):
        return app.status.operation_state
    return OperationState.model_validate(state) if state else None


def _heal_due_s(app: Application, after: JsonObject, state: OperationState | None, *, now: datetime) -> float | None:
    """Argo CD: an application that a successful sync left OutOfSync is healed again after its back-off."""
    automated = app.spec.automated
    if automated is None or not automated.self_heal or state is None or state.phase != words.SUCCEEDED:
        return None
    if (after.get("sync") or {}).get("status") != "OutOfSync":
        return None
    return selfheal.remaining_s(state, now=now)


def _settled(before: JsonObject, after: JsonObject, *, now: datetime) -> JsonObject:
    """Without lists that became empty; `reconciledAt` moves only together with something else."""
    bare = {name: value for name, value in after.items() if value != [] or before.get(name) == []}
    return before if bare == before else {**bare, "reconciledAt": rfc3339(now)}
