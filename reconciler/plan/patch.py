"""JSON patches of an Application: what changed, guarded by tests of what the decision was made on."""

from __future__ import annotations

from datetime import datetime

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Condition
from reconciler.plan.operation import running
from reconciler.plan.status import deletion_status, status_before
from reconciler.plan.steps import Plan

GUARDED = ("startedAt", "phase", "message")
"""Fields of operationState that together name one step of one operation."""


def status_patch(app: Application, plan: Plan, after: JsonObject) -> list[JsonObject]:
    """JSON patch from the Application as read to `after`; empty when there is nothing to write.

    An operation that ends loses its `.operation` in the same patch, one that goes on gets it. Where the operation
    changes, the patch fails if anybody else touched it since it was read: read again and decide again.
    """
    before = status_before(app)
    changes = [*_status_changes(app, before, after), *_request_changes(app, plan, after)]
    if not changes:
        return []
    touched = after.get("operationState") != before.get("operationState") or len(_request_changes(app, plan, after)) > 0
    return [_test("/metadata/uid", app.uid), *(_operation_tests(app, before) if touched else ()), *changes]


def claim_patch(app: Application, plan: Plan) -> list[JsonObject]:
    """JSON patch that writes down what is known of the operation before the plan's first call, where it has to be."""
    state = plan.operation_state
    if state is None or not plan.must_be_claimed:
        return []
    claimed = running(state, state.get("message") or "one or more tasks are running")
    return status_patch(app, plan, {**status_before(app), "operationState": claimed})


def deletion_patch(app: Application, condition: Condition | None, *, now: datetime) -> list[JsonObject]:
    """JSON patch that shows what a deletion waits for, or no longer waits for; empty when that is shown already."""
    changes = _status_changes(app, status_before(app), deletion_status(app, condition, now=now))
    return [_test("/metadata/uid", app.uid), *changes] if changes else []


def refresh_patch(app: Application) -> list[JsonObject]:
    """JSON patch that removes the refresh request that was handled; it fails when a newer one came in.

    Argo CD: the companion timestamp is tested first. A patch of its own, since a failure must not cost the status.
    """
    annotations = app.metadata.annotations
    if words.REFRESH not in annotations:
        return []
    known = [name for name in (words.REFRESH_TIMESTAMP, words.REFRESH) if name in annotations]
    tests = [_test(_annotation(name), annotations[name]) for name in known]
    return [_test("/metadata/uid", app.uid), *tests, {"op": "remove", "path": _annotation(words.REFRESH)}]


def _status_changes(app: Application, before: JsonObject, after: JsonObject) -> list[JsonObject]:
    if after == before:
        return []
    if not isinstance(app.raw.get("status"), dict):
        return [{"op": "add", "path": "/status", "value": after}]
    changed = [name for name, value in after.items() if name not in before or before[name] != value]
    gone = [name for name in before if name not in after]
    added: list[JsonObject] = [{"op": "add", "path": f"/status/{name}", "value": after[name]} for name in changed]
    return [*added, *({"op": "remove", "path": f"/status/{name}"} for name in gone)]


def _request_changes(app: Application, plan: Plan, after: JsonObject) -> list[JsonObject]:
    state = after.get("operationState") or {}
    if plan.operation_state is None or not state:
        return []
    over = state["phase"] in words.COMPLETED
    if over and app.operation is not None:
        return [{"op": "remove", "path": "/operation"}]
    # One that ends because its request was withdrawn does not get it back.
    if (
        state["phase"] == words.RUNNING
        and app.operation is None
        and state != (status_before(app).get("operationState") or {})
    ):
        return [{"op": "add", "path": "/operation", "value": state["operation"]}]
    return []


def _operation_tests(app: Application, before: JsonObject) -> list[JsonObject]:
    """Argo CD and its tools change operations too; a null tests that there is none."""
    tests = [_test("/operation", app.raw.get("operation"))]
    if not isinstance(app.raw.get("status"), dict):
        return [*tests, _test("/status", None)]
    state = before.get("operationState")
    if not state:
        return [*tests, _test("/status/operationState", None)]
    known = [name for name in GUARDED if name in state]
    return [*tests, *(_test(f"/status/operationState/{name}", state[name]) for name in known)]


def _test(path: str, value: object) -> JsonObject:
    return {"op": "test", "path": path, "value": value}


def _annotation(name: str) -> str:
    return "/metadata/annotations/" + name.replace("~", "~0").replace("/", "~1")
