"""What people are told of an Application: what differs, since when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.operation import OperationState
from reconciler.models.result import Difference
from reconciler.models.status import ResourceStatus
from reconciler.plan import selfheal
from reconciler.plan.compare import Comparison, ObjectComparison
from reconciler.plan.operation import retry_due_s
from reconciler.plan.times import instant_of

ABSENT = "(absent)"


def explain(app: Application, comparison: Comparison | None = None, *, now: datetime) -> list[str]:
    """Lines for `app get`, most important first. With a fresh comparison they name fields, else only objects."""
    differing = _from_comparison(comparison, now) if comparison else _from_status(app)
    return [*_conditions(app, now), *differing, *_health(app, now), *_operation(app, now), *_next(app, now)]


def difference_line(key: ObjectKey, difference: Difference, *, now: datetime | None = None) -> str:
    """`Deployment/orders-api: replicas live=5 desired=3 (kubectl-edit, 2m ago)`.

    Without `now` the change is told by its instant, for words that are read later, such as an event's.
    """
    field = difference.path.removeprefix("/").removeprefix("spec.").removeprefix("spec/")
    live, desired = difference.live or ABSENT, difference.desired or ABSENT
    changed_at = difference.changed_at or ""
    when = _ago(changed_at, now) if now else changed_at and f"at {changed_at}"
    by = ", ".join(filter(None, (difference.manager, when)))
    return f"{key.kind}/{key.name}: {field} live={live} desired={desired}" + (f" ({by})" if by else "")


def age(seconds: float) -> str:
    """A span of time as kubectl prints it: `45s`, `12m`, `3h`, `2d`."""
    for unit_s, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)}{unit}"
    return f"{max(0, int(seconds))}s"


def _from_comparison(comparison: Comparison, now: datetime) -> list[str]:
    return [line for item in comparison.objects for line in _object_lines(item, now)]


def _object_lines(item: ObjectComparison, now: datetime) -> list[str]:
    if item.sync in (None, "Synced"):
        return []
    if item.differences:
        return [difference_line(item.key, difference, now=now) for difference in item.differences]
    return [f"{item.key.kind}/{item.key.name}: {item.reason}"]


def _from_status(app: Application) -> list[str]:
    open_items = [item for item in app.status.resources if item.status not in ("", "Synced")]
    return [f"{item.kind}/{item.name}: {_what(item)}" for item in open_items]


def _what(item: ResourceStatus) -> str:
    if item.requires_pruning:
        return "is not in the desired state"
    if item.status == "Unknown":
        return "could not be compared"
    return "does not exist" if item.health and item.health.status == "Missing" else "differs"


def _conditions(app: Application, now: datetime) -> Iterable[str]:
    for item in app.status.conditions:
        since = _ago(item.last_transition_time, now)
        yield f"{item.type}: {item.message}" + (f" (since {since})" if since else "")


def _health(app: Application, now: datetime) -> Iterable[str]:
    health = app.status.health
    if health.status in ("", "Healthy"):
        return
    since = _ago(health.last_transition_time, now)
    yield f"{health.status}" + (f" since {since}" if since else "") + (f": {health.message}" if health.message else "")
    for item in app.status.resources:
        if item.health and item.health.status == health.status and item.health.message:
            yield f"{item.kind}/{item.name}: {item.health.message}"


def _operation(app: Application, now: datetime) -> Iterable[str]:
    state = app.status.operation_state
    if state is None:
        return
    when = _ago(state.finished_at or state.started_at, now)
    yield f"Last sync: {state.phase}" + (f" {when}" if when else "") + (f": {state.message}" if state.message else "")


def _next(app: Application, now: datetime) -> Iterable[str]:
    state = app.status.operation_state
    if app.is_deleting:
        yield "Next: its objects are being deleted"
    elif app.operation is not None and state is not None and state.waits_for_retry:
        yield f"Next: another attempt in {age(retry_due_s(state.to_json(), now=now))}"
    elif app.operation is not None:
        yield "Next: the requested operation goes on"
    elif app.status.sync.status == "OutOfSync":
        yield _next_sync(app, state, now)


def _next_sync(app: Application, state: OperationState | None, now: datetime) -> str:
    automated = app.spec.automated
    if automated is None:
        return "Next: nothing by itself, automated sync is off; sync it by hand"
    if any(item.type == words.SYNC_ERROR for item in app.status.conditions):
        return "Next: nothing by itself until a new commit, an edit, or a sync by hand"
    if state is None or state.phase != words.SUCCEEDED:
        return "Next: an automated sync"
    if not automated.self_heal:
        return "Next: an automated sync at the next commit; self-heal is off"
    wait_s = selfheal.remaining_s(state, now=now)
    return f"Next: self-heal in {age(wait_s)}" if wait_s > 0 else "Next: self-heal"


def _ago(text: str, now: datetime) -> str:
    instant = instant_of(text)
    return f"{age((now - instant) / timedelta(seconds=1))} ago" if instant else ""
