"""What an Application waits for, and since when, in plain words: the first answer is what keeps it now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.operation import OperationState
from reconciler.models.project import SyncWindow
from reconciler.models.status import ResourceStatus
from reconciler.plan import selfheal
from reconciler.plan.operation import retry_due_s
from reconciler.plan.times import instant_of
from reconciler.plan.windows import closed


@dataclass(frozen=True, slots=True)
class Awaited:
    """`what` is a sentence without its time. `since` is when it began, None where nobody wrote that down; `for_s` is
    how long it will take at most, None where nobody can know.
    """

    what: str
    since: datetime | None = None
    for_s: float | None = None


def awaited(app: Application, windows: Sequence[SyncWindow], reasons: Sequence[str], *, now: datetime) -> list[Awaited]:
    """Everything that it waits for, what comes first first; empty where all is as it should be.

    `windows` are those of its project, `reasons` say why nothing of it may be written.
    """
    if app.is_deleting:
        return list(_going(app))
    found = [*_not_ours(reasons), *_errors(app), *_operation(app, windows, now), *_sync(app, windows, now)]
    return [*found, *_health(app)]


def _going(app: Application) -> Iterator[Awaited]:
    since = instant_of(app.metadata.deletion_timestamp)
    kept = ", ".join(app.metadata.finalizers)
    yield Awaited(f"it is being deleted, and kept by {kept} until its objects are gone", since)
    for item in app.status.conditions:
        if item.type == words.DELETION_ERROR:
            yield Awaited(f"{item.type}: {item.message}", instant_of(item.last_transition_time))


def _not_ours(reasons: Sequence[str]) -> Iterator[Awaited]:
    yield from (Awaited(f"nothing of it may be written: {reason}") for reason in reasons)


def _errors(app: Application) -> Iterator[Awaited]:
    """A SyncError speaks of a sync that is over; it is told where the next one is waited for."""
    for item in app.status.conditions:
        if item.type.endswith("Error") and item.type != words.SYNC_ERROR:
            yield Awaited(f"{item.type}: {item.message}", instant_of(item.last_transition_time))


def _operation(app: Application, windows: Sequence[SyncWindow], now: datetime) -> Iterator[Awaited]:
    state = app.status.operation_state
    if app.operation is None:
        return
    if state is None or state.is_completed:
        yield Awaited("an operation was asked for, and no worker has begun with it")
        return
    started = instant_of(state.started_at)
    if state.waits_for_retry:
        due_s = retry_due_s(state.to_json(), now=now)
        why = f"its operation failed and is tried again, for the {_nth(state.retry_count)} time: {state.message}"
        yield Awaited(why, instant_of(state.finished_at), due_s)
        return
    manual = not app.operation.initiated_by.automated
    shut = closed(app, windows, manual=manual, now=now, started=started)
    if shut:
        yield Awaited(f"its operation is held: {shut.why}", started, shut.due_s)
    else:
        yield Awaited(f"its operation goes on: {state.message or state.phase}", started)


def _sync(app: Application, windows: Sequence[SyncWindow], now: datetime) -> Iterator[Awaited]:
    """What an application that is not in sync waits for, where no operation is under way."""
    if app.operation is not None or app.status.sync.status != "OutOfSync":
        return
    state, automated = app.status.operation_state, app.spec.automated
    names = _names(item for item in app.status.resources if item.status == "OutOfSync")
    if automated is None:
        yield Awaited(f"{names} out of sync, and somebody has to sync it: automated sync is off")
        return
    failure = next((item for item in app.status.conditions if item.type == words.SYNC_ERROR), None)
    shut = closed(app, windows, manual=False, now=now)
    if failure is not None:
        why = f"a new commit, an edit or a sync by hand, since the last one failed: {failure.message}"
        yield Awaited(why, instant_of(failure.last_transition_time))
    elif shut is not None:
        yield Awaited(f"{names} out of sync: {shut.why}", None, shut.due_s)
    else:
        yield _next_sync(app, state, names, now)


def _next_sync(app: Application, state: OperationState | None, names: str, now: datetime) -> Awaited:
    automated = app.spec.automated
    if state is None or state.phase != words.SUCCEEDED or automated is None:
        return Awaited(f"{names} out of sync, and its automated sync is due")
    since = instant_of(state.finished_at)
    if not automated.self_heal:
        return Awaited(
            f"{names} out of sync after the last sync, and self-heal is off: the next commit or a person", since
        )
    return Awaited(f"{names} out of sync: self-heal backs off", since, selfheal.remaining_s(state, now=now))


def _health(app: Application) -> Iterator[Awaited]:
    health = app.status.health
    if health.status in ("", "Healthy"):
        return
    objects = [item for item in app.status.resources if item.health and item.health.status == health.status]
    told = [
        f"{item.kind}/{item.name}" + (f" ({item.health.message})" if item.health and item.health.message else "")
        for item in objects
    ]
    which = "; ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    yield Awaited(f"it is {health.status}" + (f": {which}" if which else ""), instant_of(health.last_transition_time))


def _names(items: Iterator[ResourceStatus]) -> str:
    names = [f"{item.kind}/{item.name}" for item in items]
    if not names:
        return "it is"
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'}"


def _nth(count: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(count, f"{count}th")
